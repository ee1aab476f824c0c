import {bindTo, stopwatch, type Environment} from '../environment.ts';
import type {Settings} from '../options.ts';
import type {Outgoing} from '../request/outgoing.ts';
import {abortReason} from '../signals.ts';
import {overtime} from './overtime.ts';
import {abortWith} from '../attempt/abort-with.ts';
import {abortOf} from './aborts.ts';
import type {Caller, Flight} from './caller.ts';
import {present} from './result.ts';

export type Call = {
	readonly environment: Environment;
	/** Its name, as far as that is known before its content is. */
	readonly operation: readonly string[] | undefined;
	readonly request: Outgoing;
	readonly settings: Settings;
	readonly ownKey: string | undefined;
	readonly since: number | undefined;
	readonly sameScope: () => boolean;
	readonly signal: AbortSignal | undefined;
};

/** A caller that has not been told anything yet. `boarded` is where it takes part. */
export type Passenger = Caller & {
	readonly waiting: () => boolean;
	boarded: Flight | undefined;
	/** It looks no more whether the flight of another request is still alive. */
	stopLooking?: (() => void) | undefined;
};

/** The edge, where values become a Response or an error. An abort or a time-out detaches this caller only. */
export function takePart(call: Call, board: (passenger: Passenger) => void): Promise<Response> {
	const {environment, settings, signal} = call;
	const {totalTimeout} = settings;
	const elapsed = stopwatch(environment);
	return new Promise((resolve, reject) => {
		let waiting = true;
		const passenger: Passenger = {
			...call,
			boarded: undefined,
			left: () => totalTimeout - elapsed(),
			waiting: () => waiting,
			run: bindTo(environment, (run: () => void) => {
				run();
			}),
			again() {
				if (waiting) board(passenger);
			},
			deliver(result, first) {
				end(() => {
					const response = present(result, first);
					const {stream} = result;
					if (stream !== undefined && signal) {
						const {abort: abortStream} = stream;
						abortWith(signal, response, () => {
							abortStream(abortReason(signal));
						});
					}

					resolve(response);
				});
			},
			fail(error) {
				end(() => {
					reject(error);
				});
			},
		};

		function end(how: () => void): void {
			if (!waiting) return;
			waiting = false;
			cancelTimer();
			passenger.stopLooking?.();
			signal?.removeEventListener('abort', abort);
			try {
				how();
			} catch (error) {
				reject(error);
			}
		}

		function quit(error: unknown): void {
			passenger.fail(error);
			passenger.boarded?.leave(passenger);
		}

		function abort(): void {
			if (signal) quit(abortOf(signal, true));
		}

		const cancelTimer = environment.timer(() => {
			const {boarded} = passenger;
			if (boarded?.tellVerdict(passenger)) boarded.leave(passenger);
			else quit(overtime(call.operation, boarded));
		}, totalTimeout);
		signal?.addEventListener('abort', abort);
		board(passenger);
	});
}
