import type {Operation} from '../../src/server/operation.ts';
import type {Check} from './check.ts';
import type {GuardPlan, HandlerRun} from './guard-plan.ts';
import {never, type Life} from './life.ts';
import type {Arrival} from './server.ts';
import type {World} from './world.ts';

/** What takes this long is done after its answer, where the guard is one of what is done later, in milliseconds. */
const LONG = 100;

const statuses = {paid: 201, declined: 402, missing: 404} as const;

/** The handler under the guard, and what is true of each key: what became of it, and whether anybody is still at it. */
export function createHandler(
	world: World,
	plan: GuardPlan,
	doesLater: boolean,
	nextRun: () => HandlerRun,
	check: Check,
	settle: (key: string, response: () => Response) => void,
) {
	const atWork = new Map<string, number>();
	const outcomes = new Map<string, 'paid' | 'declined'>();
	const steps = new Map<string, string>();
	const payloads = new Map<string, string>();
	const refused = new Set<string>();
	let runs = 0;

	function works(key: string): () => void {
		atWork.set(key, (atWork.get(key) ?? 0) + 1);
		let ended = false;
		return () => {
			if (!ended) atWork.set(key, (atWork.get(key) ?? 0) - 1);
			ended = true;
		};
	}

	function acted(operation: string, key: string): void {
		if (refused.has(key) && !check.of(operation, key).disowned)
			check.violation(`${key} had its effect after it was answered as refused`);
	}

	function answerOf(key: string, result: HandlerRun['result'], of: object): Response {
		return Response.json({status: result, key, run: ++runs, ...of}, {status: statuses[result]});
	}

	async function handle(life: Life, arrival: Arrival, user: string, operation: Operation): Promise<Response> {
		if (!life.alive()) return never();
		const {key, body, by, sentAt} = arrival;
		const id = arrival.operation;
		const of = {user, body};
		const charge = operation.key('charge');
		payloads.set(charge, body);
		if (by === 'stranger') return answerOf(key, 'paid', of);
		const {before, after, result, end} = nextRun();
		const ends = works(key);
		life.onDeath(ends);
		const wait = async (ms: number) => new Promise<void>(resolve => life.later(ms, resolve));
		const act = () => {
			if (!life.alive()) return never<void>();
			world.note(life.name, `PAID for ${key}`);
			acted(id, key);
			check.effect(id, key, sentAt, by);
			outcomes.set(key, 'paid');
			return undefined;
		};
		if ((steps.get(key + body) ?? charge) !== charge) check.violation(`the step of ${key} has another key than before`);
		steps.set(key + body, charge);
		// What it returns then has to say the truth, as docs/server.md asks of it.
		const saysNothingDone = end === 'turns away' || end === 'limits';
		const acts = result === 'paid' && !(saysNothingDone && plan.effects === 'handler');

		try {
			await wait(before);
			if (doesLater && end === 'answers' && result !== 'missing' && after >= LONG) {
				await operation.effect(() => later(arrival, of, after, result));
				const headers = {location: `/payments/${key}`};
				return operation.pending(Response.json({status: 'processing', key, ...of}, {status: 202, headers}));
			}

			// What is undone was a reservation, which nobody else has seen.
			if (acts) await operation.effect(end === 'undoes' ? () => undefined : act);
			await wait(after);
			world.count(`guard: run ${end}`);
			if (end === 'dies') {
				life.crash();
				return await never();
			}

			if (end === 'undoes') operation.undone();
			if (end === 'throws' || end === 'undoes') throw new Error('the handler failed');
			if (end === 'breaks') return new Response(null, {status: 500});
			// A copy that somebody else has made of the request may be done yet.
			if (end === 'limits' && !acts && check.of(id, key).duplicated) check.of(id, key).misled = true;
			if (saysNothingDone) return new Response(null, {status: end === 'limits' ? 429 : 503});
			if (result === 'declined') outcomes.set(key, 'declined');
			return end === 'cuts' ? cut() : answerOf(key, result, of);
		} finally {
			if (life.alive()) ends();
		}
	}

	/** The bank does it, whatever becomes of this process. */
	function later({key, operation, by, sentAt}: Arrival, of: object, ms: number, result: 'paid' | 'declined'): void {
		const ends = works(key);
		const facts = check.of(operation, key);
		facts.underWay++;
		world.at(ms, () => {
			facts.underWay--;
			if (result === 'paid') acted(operation, key);
			if (result === 'paid') check.effect(operation, key, sentAt, by);
			outcomes.set(key, result);
			ends();
			settle(key, () => answerOf(key, result, of));
		});
	}

	return {
		handle,
		/** As the bank knows it; `undefined`: it may yet be done. */
		truth(key: string, of: object): Response | 'undone' | undefined {
			const isPaid = check.of(check.idOf(key), key).effects > 0;
			if (isPaid) return answerOf(key, 'paid', of);
			if ((atWork.get(key) ?? 0) > 0) return undefined;
			return 'undone';
		},
		/** Somebody was told so by the handler, for good. */
		refuses(key: string): void {
			refused.add(key);
		},
		forgets(key: string): void {
			refused.delete(key);
		},
		payloadOf: (step: string) => payloads.get(step),
		standing: (key: string) => ((atWork.get(key) ?? 0) > 0 ? 'processing' : outcomes.get(key)),
	};
}

function cut(): Response {
	const body = new ReadableStream({
		start(controller) {
			controller.enqueue(new Uint8Array(1));
		},
		pull() {
			throw new Error('the body broke off');
		},
	});
	return new Response(body, {status: 201});
}
