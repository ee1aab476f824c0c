import type {Check} from './check.ts';
import type {Work} from './plan.ts';
import type {ServerKind} from './servers.ts';
import type {World} from './world.ts';

export type Reply = {
	readonly status: number;
	readonly headers?: Readonly<Record<string, string>>;
	readonly body?: unknown;
	/** It came from elsewhere than where the request was sent. */
	readonly redirected?: boolean;
	/** Its body breaks off. */
	readonly cut?: boolean;
};

/** A copy of a request, as it arrives. */
export type Arrival = {
	readonly key: string;
	readonly operation: string;
	readonly body: string;
	readonly sentAt: number;
	/** Who sent it. */
	readonly by: string;
};

type Kept = {readonly body: string; readonly since: number; reply: Reply | undefined};

const statuses = {ok: 201, declined: 402, missing: 404, broken: 500} as const;

/** A server of that kind. Its effect takes place at the end of its work, in one step with what it keeps. */
export function createServer(world: World, kind: ServerKind, nextWork: () => Work, check: Check) {
	const kept = new Map<string, Kept>();

	function execute({key, operation, sentAt, by}: Arrival, finish: (reply: Reply) => void): void {
		const {ms, result} = nextWork();
		world.at(ms, () => {
			if (result === 'ok') check.effect(operation, key, sentAt, by);
			world.note('server', `${result} for ${key}`);
			finish({status: statuses[result], body: {result, key}});
		});
	}

	function repeat({reply}: Kept): Reply {
		if (reply === undefined) {
			if (kind.busy === 'bare') return {status: 409};
			return kind.busy === 'marked'
				? {status: 409, headers: {'idempotent-replayed': 'true'}, body: {message: 'It is being processed.'}}
				: {status: 409, headers: {'retry-after': '1'}, body: {code: 'idempotency_request_in_progress'}};
		}

		if (kind.repeat === 'refuse') return {status: 422, body: kind.used};
		return kind.marked ? {...reply, headers: {'idempotent-replayed': 'true'}} : reply;
	}

	return {
		receive(arrival: Arrival, answer: (reply: Reply) => void): void {
			const {key, body} = arrival;
			if (kind.repeat === 'execute') {
				execute(arrival, answer);
				return;
			}

			let entry = kept.get(key);
			if (entry?.reply !== undefined && world.now() - entry.since >= kind.retention) entry = undefined;
			if (entry !== undefined) {
				const same = entry.body === body;
				answer(same ? repeat(entry) : {status: 422, body: kind.used});
				return;
			}

			const fresh: Kept = {body, since: world.now(), reply: undefined};
			kept.set(key, fresh);
			execute(arrival, reply => {
				if (kind.saves(reply.status)) fresh.reply = reply;
				else kept.delete(key);
				answer(reply);
			});
		},
	};
}

export type Server = ReturnType<typeof createServer>;
