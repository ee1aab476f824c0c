import type {Failed, KafkaMessage} from '../../src/consumer/index.ts';
import type {Row} from '../../src/consumer/relay.ts';
import type {Log} from './consumer-broker.ts';
import type {ConsumerPlan, Sent} from './consumer-plan.ts';
import type {World} from './world.ts';

/** What was said to be committed, and in which place of its key. */
type Fact = {readonly id: string; readonly name: string; readonly key: string | undefined; readonly forged: boolean};

/** What has happened, whoever remembers it, and what must never happen. */
export function createTruth(world: World, plan: ConsumerPlan) {
	const violations: string[] = [];
	const facts: Fact[] = [];
	const failures = new Map<string, number>();
	/** By consumer: the names of the effects in the order of their commits. */
	const effects = new Map<string, string[]>();
	const failed = new Map<string, number>();
	const letters = new Map<string, number>();
	const knownDead = new Set<string>();
	const skipped = new Set<string>();
	const published = new Set<string>();
	let pending = 0;

	function violation(what: string): void {
		world.note('world', `VIOLATION: ${what}`);
		violations.push(what);
	}

	const of = (consumer: string) => effects.get(consumer) ?? [];
	const nameOf = ({value}: KafkaMessage) => new TextDecoder().decode(value ?? undefined);
	const factOf = (name: string) => facts.find(it => it.name === name);
	const has = (consumer: string, {name}: Fact) => of(consumer).includes(name);
	const isGivenUp = (consumer: string, {id, forged}: Fact) =>
		skipped.has(`${consumer} ${id}`) ||
		(plan.onPoison === 'skip' && (letters.get(`${consumer} ${id}${forged ? ' refused' : ''}`) ?? 0) > 0);

	return {
		violations,
		violation,
		writes(by: number) {
			pending += by;
		},
		writing: () => pending > 0,
		/** What a producer commits; `undefined`: it is rolled back. */
		rowOf(i: number, {key, failures: times, undone, forged}: Sent): Row | undefined {
			const before = facts.findLast(it => !it.forged && it.key === key);
			const isForged = forged && key !== undefined && before !== undefined;
			const fact = {id: isForged ? before.id : `m${i}`, name: `m${i}`, key, forged: isForged};
			if (undone) return undefined;
			facts.push(fact);
			if (!isForged) failures.set(fact.id, times);
			world.count(isForged ? 'consumer: forged' : 'consumer: sent');
			const value = new TextEncoder().encode(fact.name);
			const message = {id: fact.id, topic: 'orders', key, value, headers: {'message-id': fact.id}};
			return {id: String(i), lane: key ?? `message ${i}`, message};
		},
		published(id: string) {
			if (published.has(id)) world.count('consumer: published twice');
			published.add(id);
		},
		delivered(consumer: string, id: string, message: KafkaMessage) {
			const fact = factOf(nameOf(message));
			world.note(consumer, `runs ${id}`, fact?.name);
			if (!fact) violation(`${consumer} got ${nameOf(message)}, which was never committed`);
		},
		handle(consumer: string, id: string) {
			const times = failures.get(id) ?? 0;
			const place = `${consumer} ${id}`;
			if ((failed.get(place) ?? 0) >= times) return;
			failed.set(place, (failed.get(place) ?? 0) + 1);
			world.count('consumer: handler throws');
			throw new Error(`cannot do ${id}`);
		},
		/** An effect is in the database. */
		committed(consumer: string, name: string) {
			const fact = factOf(name);
			world.note(consumer, `effect ${name}`);
			if (!fact) return;
			const before = facts.slice(0, facts.indexOf(fact));
			if (of(consumer).some(it => factOf(it)?.id === fact.id)) violation(`${consumer} did ${fact.id} twice`);
			const passed =
				fact.key !== undefined &&
				before.find(it => it.key === fact.key && !has(consumer, it) && !isGivenUp(consumer, it) && !isKeptOut(it));
			if (passed) violation(`${consumer} did ${name} before ${passed.name} of its key`);
			effects.set(consumer, [...of(consumer), name]);
			world.count('consumer: effect');

			/** The one of two payloads that came second, whichever that was. */
			function isKeptOut(it: Fact): boolean {
				return (
					facts.some(other => other !== it && other.id === it.id && has(consumer, other)) && isGivenUp(consumer, it)
				);
			}
		},
		/** The broker will not deliver it again. */
		acknowledged(consumer: string, message: KafkaMessage) {
			const fact = factOf(nameOf(message));
			if (!fact || has(consumer, fact) || isGivenUp(consumer, fact)) return;
			violation(`${consumer} acknowledged ${fact.name} unprocessed`);
		},
		told(consumer: string, who: string, id: string, result: Failed | undefined) {
			if (result?.dead) knownDead.add(`${who} ${consumer} ${id}`);
			const thrown = failed.get(`${consumer} ${id}`) ?? 0;
			if (result && result.attempts > thrown)
				violation(`${consumer} counts ${result.attempts} attempts of ${id}, which failed ${thrown} times`);
		},
		letterBegun(consumer: string, who: string, id: string | undefined, attempts: number) {
			if (knownDead.has(`${who} ${consumer} ${id}`) && attempts > 0)
				violation(`${who} knew that the dead letter of ${id} is delivered, and delivered it again`);
			if (attempts > 0 && attempts < plan.maxAttempts) violation(`a dead letter after ${attempts} attempts`);
		},
		letter(consumer: string, id: string | undefined, message: KafkaMessage) {
			const fact = factOf(nameOf(message));
			const place = `${consumer} ${id}${fact?.forged ? ' refused' : ''}`;
			letters.set(place, (letters.get(place) ?? 0) + 1);
			world.count('consumer: dead letter');
		},
		mend() {
			failures.clear();
		},
		poisonous: (consumer: string) =>
			facts
				.filter(
					it =>
						!it.forged &&
						!has(consumer, it) &&
						!isGivenUp(consumer, it) &&
						(failed.get(`${consumer} ${it.id}`) ?? 0) > 0,
				)
				.map(it => it.id),
		skips(consumer: string, id: string) {
			skipped.add(`${consumer} ${id}`);
			world.count('consumer: skipped by hand');
		},
		inTheEnd(
			{operator, onPoison}: ConsumerPlan,
			consumers: readonly string[],
			{all}: Log,
			isCommitted: (consumer: string, message: KafkaMessage) => boolean,
		) {
			const isUndisturbed =
				plan.processes === 1 && plan.deeds.length === 0 && ![...world.counts.keys()].some(it => /: fails/.test(it));
			for (const [place, times] of letters)
				if (isUndisturbed && times > 1 && !place.endsWith(' refused'))
					violation(`the dead letter of ${place} was delivered ${times} times`);
			for (const consumer of consumers)
				for (const log of all) {
					// What is refused stops its partition for good, and so does poison that nobody does anything about.
					const stops = (it: Fact) =>
						onPoison === 'stop' &&
						(it.forged || (operator === 'nobody' && (failures.get(it.id) ?? 0) >= plan.maxAttempts));
					for (const message of log) {
						const fact = factOf(nameOf(message));
						if (!fact) continue;
						if (stops(fact) && !isCommitted(consumer, message)) break;
						if (!has(consumer, fact) && !isGivenUp(consumer, fact)) violation(`${consumer} lost ${fact.name}`);
						if (!isCommitted(consumer, message)) violation(`${consumer} never acknowledges ${fact.name}`);
						world.count('consumer: settled');
					}
				}
		},
	};
}
