import {kafkaEachBatch, kafkaEachMessage, type Consumer, type KafkaMessage} from '../../src/consumer/index.ts';
import type {OutboxMessage} from '../../src/consumer/relay.ts';
import type {Life} from './life.ts';
import type {ConsumerPlan} from './consumer-plan.ts';
import type {World} from './world.ts';

const TOPIC = 'orders';
/** So often something is tried in vain before it waits for somebody to do something about it. */
const PATIENCE = 12;

/** Partitions in memory, which keep what they were given in its order. */
export function createLog(world: World, partitions: number) {
	const all = Array.from({length: partitions}, (): KafkaMessage[] => []);
	const waiting: Array<() => void> = [];
	let turn = 0;
	return {
		all,
		publish(messages: readonly OutboxMessage[]) {
			for (const {key, value, headers} of messages) {
				const partition = (key === undefined ? turn++ : key.charCodeAt(0)) % partitions;
				const log = all[partition] ?? [];
				const bytes = key === undefined ? null : new TextEncoder().encode(key);
				const place = {topic: TOPIC, partition, offset: String(log.length), timestamp: String(world.clock())};
				log.push({...place, key: bytes, value, headers});
			}

			this.wake();
		},
		wake() {
			for (const resolve of waiting.splice(0)) resolve();
		},
		changed: async () => new Promise<void>(resolve => waiting.push(resolve)),
	};
}

export type Log = ReturnType<typeof createLog>;

export type Member = {readonly life: Life; readonly consume: Consumer<KafkaMessage>};

class Rebalancing extends Error {}

/**
 * A group of consumers, as kafkajs 2.2.4 runs them: a member that has lost its partitions goes on with its batch until it hears
 * of that, and commits no more.
 */
export function createGroup(world: World, log: Log, plan: ConsumerPlan, acknowledged: (message: KafkaMessage) => void) {
	const committed = log.all.map(() => 0);
	let members: Member[] = [];
	let generation = 0;

	function rebalance(): void {
		generation++;
		world.count('consumer: rebalance');
		members = members.filter(({life}) => life.alive());
		for (const [partition] of log.all.entries()) {
			const member = members[(partition + generation) % Math.max(1, members.length)];
			if (member) void run(member, partition, generation);
		}

		log.wake();
	}

	async function run({life, consume}: Member, partition: number, since: number): Promise<void> {
		const isOurs = () => life.alive() && generation === since;
		const each = kafkaEachMessage(consume, {stopFor: Infinity});
		const batches = kafkaEachBatch(consume, {size: plan.size, stopFor: Infinity});
		let resolved = committed[partition] ?? 0;
		let vain = 0;

		async function commit(): Promise<void> {
			await after(1);
			if (!isOurs()) throw new Rebalancing();
			for (const message of log.all[partition]?.slice(committed[partition], resolved) ?? []) acknowledged(message);
			committed[partition] = Math.max(committed[partition] ?? 0, resolved);
		}

		async function heartbeat(): Promise<void> {
			await after(1);
			if (generation !== since) {
				await commit();
				throw new Rebalancing();
			}
		}

		const after = async (ms: number) => new Promise<void>(resolve => life.later(ms, resolve));
		const pause = () => () => undefined;
		const resolveOffset = (offset: string) => {
			resolved = Number(offset) + 1;
		};

		while (isOurs()) {
			const messages = (log.all[partition] ?? []).slice(resolved, resolved + 2 * plan.size);
			if (messages.length === 0 || vain > PATIENCE) {
				vain = 0;
				await log.changed();
				continue;
			}

			const before = resolved;
			try {
				if (plan.way === 'batches')
					await batches.eachBatch({
						batch: {topic: TOPIC, partition, messages},
						resolveOffset,
						heartbeat,
						pause,
						commitOffsetsIfNecessary: commit,
						isRunning: () => life.alive(),
						isStale: () => false,
					});
				else
					for (const message of messages) {
						await each({topic: TOPIC, partition, message, pause});
						resolveOffset(message.offset);
						await heartbeat();
					}

				await commit();
				await heartbeat();
			} catch (error) {
				if (error instanceof Rebalancing) return;
				await commit().catch(() => undefined);
				await after(100);
			}

			vain = resolved > before ? 0 : vain + 1;
		}
	}

	return {
		join(member: Member) {
			members.push(member);
			member.life.onDeath(() => world.at(500, rebalance));
			rebalance();
		},
		rebalance,
		/** What was committed is delivered again, as after an offset that was set back. */
		redeliver() {
			for (const partition of committed.keys()) committed[partition] = Math.floor((committed[partition] ?? 0) / 2);
			rebalance();
		},
		committed: (message: KafkaMessage) => Number(message.offset) < (committed[message.partition] ?? 0),
	};
}
