import type {Check} from './check.ts';
import type {Work} from './plan.ts';
import {plainly} from './says.ts';
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
	/** Whatever its status, it is no first answer, nor one that is given again. */
	readonly open?: boolean;
	/** It says what became of what was taken. */
	readonly settles?: boolean;
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

export type Standing = 'processing' | 'paid' | 'declined';

/** How what was taken stands. `lies`: how often its status is told as it was. */
type Payment = {status: Standing; lies: number};

/** What takes this long is finished after the answer, in milliseconds. */
const LONG = 100;

type Kept = {
	readonly body: string;
	readonly since: number;
	reply: Reply | undefined;
	/** Who wait until it is done. */
	readonly waiting: Array<() => void>;
};

const statuses = {ok: 201, declined: 402, missing: 404, broken: 500} as const;

/** A server of that kind. Its effect takes place at the end of its work, in one step with what it keeps. */
export function createServer(world: World, kind: ServerKind, name: string, nextWork: () => Work, check: Check) {
	const says = kind.says ?? plainly(kind);
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
				finish(says.taken(key));
				return;
			}

			act();
			payments.set(key, {status: result === 'ok' ? 'paid' : 'declined', lies: 0});
			finish({status: statuses[result], body: {result, key, ...(result === 'ok' && says.made)}});
		});
	}

	function repeat({reply}: Kept, key: string): Reply {
		if (reply === undefined) return says.busy(key);
		world.count(`repeat at ${name}`);
		if (kind.repeat === 'exists') return says.exists(key);
		const {status} = payments.get(key) ?? {};
		if (kind.repeat === 'current' && reply.open === true)
			return status === undefined || status === 'processing' ? says.taken(key) : says.current(status);
		if (kind.repeat === 'refuse') return says.used(key) ?? reply;
		return says.again(reply, key);
	}

	return {
		/** Where `location` leads. */
		statusOf(key: string): Reply {
			const payment = payments.get(key);
			if (payment === undefined) return {status: 404};
			const isLie = payment.status !== 'processing' && payment.lies-- > 0;
			const status = isLie ? 'processing' : payment.status;
			return {status: 200, body: says.standing(status), settles: status !== 'processing'};
		},
		receive(arrival: Arrival, answer: (reply: Reply) => void): void {
			const {key, body} = arrival;
			if (kind.repeat === 'execute') {
				execute(arrival, answer);
				return;
			}

			let entry = kept.get(key);
			if (entry?.reply !== undefined && world.now() - entry.since >= kind.retention) {
				const late = says.expired(key);
				if (late) {
					answer(late);
					return;
				}

				entry = undefined;
			}

			if (entry !== undefined) {
				if (entry.reply === undefined && kind.busy === 'waits') entry.waiting.push(() => this.receive(arrival, answer));
				else answer((entry.body === body ? undefined : says.used(key)) ?? repeat(entry, key));
				return;
			}

			const fresh: Kept = {body, since: world.now(), reply: undefined, waiting: []};
			kept.set(key, fresh);
			execute(arrival, reply => {
				if (kind.saves(reply.status)) fresh.reply = reply;
				else kept.delete(key);
				answer(reply);
				for (const next of fresh.waiting) next();
			});
		},
	};
}

export type Server = Pick<ReturnType<typeof createServer>, 'statusOf' | 'receive'>;
