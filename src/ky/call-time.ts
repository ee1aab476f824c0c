import {TimeoutError, type ResponsePromise} from 'ky';
import {abortWith} from '../attempt/abort-with.ts';
import {stopwatch, type Environment} from '../environment.ts';
import {abortReason} from '../signals.ts';

const shortcuts = ['json', 'text', 'formData', 'arrayBuffer', 'blob', 'bytes'] as const;

/** Bounds what ky cannot, because it is given no time-outs: the bodies that its shortcuts (`api.get(url).json()`) read. */
export type CallTime = ReturnType<typeof callTime>;

/** `limits`: asked once something was sent. */
export function callTime(
	environment: Environment,
	limits: () => {readonly timeout: number; readonly totalTimeout: number},
) {
	const elapsed = stopwatch(environment);
	const controller = new AbortController();
	let sent: Request | undefined;
	const left = () => {
		const {timeout, totalTimeout} = limits();
		return Math.max(0, Math.min(timeout, totalTimeout - elapsed()));
	};

	return {
		/**
		 * Sends with a signal that gives up the answer's body, too: in time by itself where it is an error, whose body ky reads
		 * (`readsError`).
		 */
		async send(
			request: Request,
			fetch: (signal: AbortSignal) => Promise<Response>,
			readsError: (status: number) => boolean,
		): Promise<Response> {
			const {signal} = request;
			const leave = () => {
				controller.abort(abortReason(signal));
			};
			sent = request;
			if (signal.aborted) leave();
			signal.addEventListener('abort', leave);
			try {
				const response = await fetch(controller.signal);
				abortWith(signal, response, leave);
				const late = () => {
					controller.abort(new TimeoutError(request));
				};
				if (!response.ok && readsError(response.status)) environment.timer(late, left(), false);
				return response;
			} catch (error) {
				signal.removeEventListener('abort', leave);
				throw error;
			}
		},

		/** The same promise, whose shortcuts read within `timeout` and what is left of `totalTimeout`, as ky's do. */
		bound(response: ResponsePromise): ResponsePromise {
			const reads = response as unknown as Record<string, ((schema?: unknown) => Promise<unknown>) | undefined>;
			for (const name of shortcuts) {
				const read = reads[name];
				// Not every runtime has `bytes`.
				if (!read) continue;
				reads[name] = async schema => {
					const reading = read(schema);
					const answered = await response.then(Boolean, () => false);
					const request = sent;
					if (!answered || !request) return reading;
					return new Promise((resolve, reject) => {
						const late = () => {
							const error = new TimeoutError(request);
							reject(error);
							controller.abort(error);
						};
						const cancel = environment.timer(late, left());
						reading.then(resolve, reject).finally(cancel);
					});
				};
			}

			return response;
		},
	};
}
