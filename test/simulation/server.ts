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

/** How what was taken stands. `lies`: how often its status is told as it was. */
type Payment = {status: 'processing' | 'paid' | 'declined'; lies: number};

/** What takes this long is finished after the answer, in milliseconds. */
const LONG = 100;

type Kept = {readonly body: string; readonly since: number; reply: Reply | undefined};

const statuses = {ok: 201, declined: 402, missing: 404, broken: 500} as const;

/** A server of that kind. Its effect takes place at the end of its work, in one step with what it keeps. */
export function createServer(world: World, kind: ServerKind, nextWork: () => Work, check: Check) {
	const kept = new Map<string, Kept>();
	const payments = new Map<string, Payment>();

	function execute({key, operation, sentAt, by}: Arrival, finish: (reply: Reply) => void): void {
		const {ms, result} = nextWork();
		const act = () => {
			if (result === 'ok') check.effect(operation, key, sentAt, by);
			world.note('server', `${result} for ${key}`);
		};
		world.at(ms, () => {
			const decided = result === 'ok' || result === 'declined';
			if (kind.finishesLater && decided && ms >= LONG) {
				const payment: Payment = {status: 'processing', lies: 2};
				payments.set(key, payment);
				const facts = check.of(operation, key);
				facts.underWay++;
				world.at(ms, () => {
					facts.underWay--;
					act();
					payment.status = result === 'ok' ? 'paid' : 'declined';
				});
				finish(taken(key));
				return;
			}

			act();
			payments.set(key, {status: result === 'ok' ? 'paid' : 'declined', lies: 0});
			finish({status: statuses[result], body: {result, key}});
		});
	}

	function taken(key: string): Reply {
		return {status: 202, headers: {location: `/payments/${key}`}, body: {status: 'processing', key}};
	}

	function repeat({reply}: Kept, key: string): Reply {
		if (reply === undefined) {
			if (kind.busy === 'bare') return {status: 409};
			return kind.busy === 'marked'
				? {status: 409, headers: {'idempotent-replayed': 'true'}, body: {message: 'It is being processed.'}}
				: {status: 409, headers: {'retry-after': '1'}, body: {code: 'idempotency_request_in_progress'}};
		}

		const headers = {'idempotent-replayed': 'true'};
		if (kind.repeat === 'exists')
			return {status: 409, headers: {location: `/payments/${key}`}, body: {code: 'order_exists', madeUnder: key}};
		const {status} = payments.get(key) ?? {};
		if (kind.repeat === 'current' && reply.status === 202)
			return status === 'processing' ? taken(key) : {status: status === 'paid' ? 201 : 402, headers, body: {status}};
		if (kind.repeat === 'refuse') return {status: 422, body: kind.used};
		return kind.marked ? {...reply, headers: {...reply.headers, ...headers}} : reply;
	}

	return {
		/** Where `location` leads. */
		statusOf(key: string): Reply {
			const payment = payments.get(key);
			if (payment === undefined) return {status: 404};
			const isLie = payment.status !== 'processing' && payment.lies-- > 0;
			return {status: 200, body: {status: isLie ? 'processing' : payment.status}};
		},
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
				answer(same ? repeat(entry, key) : {status: 422, body: kind.used});
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
