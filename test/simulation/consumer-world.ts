import process from 'node:process';
import * as fc from 'fast-check';
import {onceOnlyIn} from '../../src/consumer/once-only.ts';
import type {DeadLetter, KafkaMessage} from '../../src/consumer/index.ts';
import {relayOn, type OutboxMessage, type Row} from '../../src/consumer/relay.ts';
import {createGroup, createLog, type Member} from './consumer-broker.ts';
import {createTruth} from './consumer-truth.ts';
import {createDatabase, lost, type Ask, type Tx} from './consumer-database.ts';
import {anyConsumerPlan, type ConsumerPlan, type Fate} from './consumer-plan.ts';
import {createLife, type Life} from './life.ts';
import {createWorld, type World} from './world.ts';

const fine: Fate = {there: 1, back: 1, fails: 'no'};
const DAY = 86_400_000;

/** Producers, an outbox, its relays, a broker, consumers, and a database that all of them lose their connections to. */
async function live(world: World, plan: ConsumerPlan, truth: ReturnType<typeof createTruth>): Promise<void> {
	const fates = {database: [...plan.database], broker: [...plan.broker], letters: [...plan.letters]};
	let calm = false;
	const next = (of: keyof typeof fates): Fate => (calm ? fine : (fates[of].shift() ?? fine));
	const database = createDatabase(world.clock, (consumer, name) => {
		truth.committed(consumer, name);
	});
	const log = createLog(world, plan.partitions);
	const names = ['billing', 'mails'].slice(0, plan.consumers);
	const groups = new Map(
		names.map(name => [
			name,
			createGroup(world, log, plan, message => {
				truth.acknowledged(name, message);
			}),
		]),
	);

	/** Something that a process asks of what is elsewhere. */
	async function remote<T>(life: Life, {there, back, fails}: Fate, act: () => T | Promise<T>): Promise<T> {
		return new Promise((resolve, reject) => {
			if (!life.call()) return;
			world.at(there, () => {
				if (!life.lands()) return;
				if (fails !== 'no') world.count(`consumer: fails ${fails}`);
				if (fails === 'before') life.later(back, () => reject(lost()));
				else
					void (async () => act())().then(
						result => life.later(back, () => (fails === 'after' ? reject(lost()) : resolve(result))),
						(error: unknown) => life.later(back, () => reject(error)),
					);
			});
		});
	}

	const askOf =
		(life: Life): Ask =>
		async (_, act) =>
			remote(life, next('database'), act);
	// The server finds out later than the process ends.
	const diesOf = (life: Life) => (rollBack: () => void) => {
		life.onDeath(() => world.at(50, rollBack));
	};

	let turn = 0;
	const environmentOf = (life: Life) => ({
		now: world.clock,
		monotonic: world.now,
		random: () => 0.5,
		uuid: () => `${++turn}`,
		timer: (callback: () => void, ms: number) =>
			ms === Number.POSITIVE_INFINITY ? () => undefined : life.later(ms, callback),
	});

	function memberOf(life: Life, name: string, onPoison: ConsumerPlan['onPoison']): Member {
		async function deadLetter({id, attempts, message}: DeadLetter<KafkaMessage>): Promise<void> {
			truth.letterBegun(name, life.name, id, attempts);
			await remote(life, next('letters'), () => {
				truth.letter(name, id, message);
			});
		}

		const inbox = database.inboxOf(askOf(life), diesOf(life));
		const consume = onceOnlyIn<Tx, KafkaMessage>(
			environmentOf(life),
			async ({tx, id, message}) => {
				truth.delivered(name, id, message);
				await database.write(tx, String(message.value && new TextDecoder().decode(message.value)));
				truth.handle(name, id);
			},
			{
				transaction: {
					...inbox,
					async fail(consumer, arrival, error) {
						const failed = await inbox.fail(consumer, arrival, error);
						truth.told(name, life.name, arrival.id, failed);
						return failed;
					},
				},
				consumer: name,
				id: ({headers}) => String(headers?.['message-id']),
				window: 30 * DAY,
				maxAttempts: plan.maxAttempts,
				onPoison,
				deadLetter,
			},
		);
		return {
			life,
			consume: Object.assign(async (message: KafkaMessage) => {
				const result = await consume(message);
				if (result.status === 'duplicate') world.count('consumer: processed before');
				return result;
			}, consume),
		};
	}

	let born = 0;
	const processes: Life[] = [];
	function start(place: number, onPoison = plan.onPoison): void {
		const life = createLife(world, `consumer ${++born}`);
		processes[place] = life;
		for (const [name, group] of groups) group.join(memberOf(life, name, onPoison));
	}

	const relays: Life[] = [];
	function startRelay(place: number): void {
		const life = createLife(world, `relay ${++born}`);
		relays[place] = life;
		const relay = relayOn(environmentOf(life), database.passOf(askOf(life), diesOf(life)));
		const publish = async (messages: readonly OutboxMessage[]) =>
			remote(life, next('broker'), () => {
				for (const {id} of messages) truth.published(id);
				log.publish(messages);
			});
		void (async () => {
			while (life.alive() && (database.outbox.size > 0 || truth.writing())) {
				const published = await relay.publish(publish, {batch: plan.size}).catch(() => 0);
				if (published === 0) await new Promise<void>(resolve => life.later(250, resolve));
			}
		})();
	}

	let time = 0;
	for (const [i, sent] of plan.sent.entries()) {
		time += sent.after;
		truth.writes(1);
		world.at(time, () => {
			truth.writes(-1);
			const row = truth.rowOf(i, sent);
			if (row) database.outbox.set(row.id, row satisfies Row);
		});
	}

	for (let i = 0; i < plan.processes; i++) start(i);
	for (let i = 0; i < plan.relays; i++) startRelay(i);
	time = 0;
	for (const deed of plan.deeds) {
		time += deed.after;
		world.at(time, () => {
			const all = [...processes, ...relays];
			const life = all[deed.who % all.length];
			if (!life) return;
			world.note('world', `${deed.do}: ${life.name}`);
			if (deed.do === 'crash') life.crash();
			if (deed.do === 'crash at') life.arm(deed.call, deed.lands);
			if (deed.do === 'freeze') life.freeze(deed.ms);
			if (deed.do === 'restart') revive();
			for (const group of groups.values()) {
				if (deed.do === 'rebalance') group.rebalance();
				if (deed.do === 'redeliver') group.redeliver();
			}
		});
	}

	function revive(): void {
		for (const [i, life] of processes.entries()) if (!life.alive()) start(i);
		for (const [i, life] of relays.entries()) if (!life.alive()) startRelay(i);
	}

	await world.run();
	calm = true;
	world.note('world', 'calms down');
	for (const life of [...processes, ...relays]) life.arm(Infinity, true);
	revive();
	log.wake();
	await world.run();
	if (plan.operator === 'mends') truth.mend();
	if (plan.operator === 'skips')
		// What one held back may be poison, too.
		for (let found = true; found;) {
			found = false;
			for (const [name] of groups) {
				const {consume} = memberOf(createLife(world, 'operator'), name, 'stop');
				for (const id of truth.poisonous(name)) {
					truth.skips(name, id);
					void consume.skip(id);
					found = true;
				}
			}

			await world.run();
			log.wake();
			await world.run();
		}

	log.wake();
	await world.run();
	truth.inTheEnd(plan, names, log, (name, message) => groups.get(name)?.committed(message) ?? false);
	if (database.outbox.size > 0) truth.violation(`${database.outbox.size} messages were never published`);
}

export async function simulateConsumers(plan: ConsumerPlan) {
	const world = createWorld();
	const truth = createTruth(world, plan);
	const unhandled = (reason: unknown) => {
		truth.violation(`nobody handles the rejection of a promise: ${String(reason)}`);
	};
	process.on('unhandledRejection', unhandled);
	try {
		await live(world, plan, truth);
	} catch (error) {
		truth.violation(`something was thrown at nobody: ${error instanceof Error ? error.stack : String(error)}`);
	} finally {
		process.off('unhandledRejection', unhandled);
	}

	return {violations: truth.violations, trace: world.trace, counts: world.counts};
}

/** The worlds of these seeds, up to the first in which something goes wrong; then the smallest such world. */
export async function simulateConsumerSeeds(from: number, seeds: number) {
	const counts = new Map<string, number>();
	const property = fc.asyncProperty(anyConsumerPlan, async plan => {
		const run = await simulateConsumers(plan);
		for (const [what, count] of run.counts) counts.set(what, (counts.get(what) ?? 0) + count);
		return run.violations.length === 0;
	});
	for (let seed = from; seed < from + seeds; seed++) {
		const {counterexample, numShrinks} = await fc.check(property, {seed, numRuns: 1, unbiased: true});
		if (counterexample === null) continue;
		const [plan] = counterexample;
		const {violations, trace} = await simulateConsumers(plan);
		const failure = [
			`Seed ${seed} of the consumers, after ${numShrinks} shrinks: ${violations[0]}`,
			JSON.stringify(plan, undefined, 1),
			...trace(),
			`Again: npm run simulate -- --consumers 1 --from ${seed}`,
		];
		return {failure: failure.join('\n'), counts};
	}

	return {failure: undefined, counts};
}
