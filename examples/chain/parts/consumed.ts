import {setTimeout as wait} from 'node:timers/promises';
import type {Admin} from 'kafkajs';

/** Resolves once the group has committed all offsets of the topic. How many messages that are. */
export async function consumed(admin: Admin, topic: string, groupId: string): Promise<number> {
	for (; ; await wait(50)) {
		const ends = await admin.fetchTopicOffsets(topic);
		const [group] = await admin.fetchOffsets({groupId, topics: [topic]});
		const reached = new Map(group?.partitions.map(({partition, offset}) => [partition, Number(offset)]));
		const left = ends.filter(({partition, high}) => Number(high) > Math.max(reached.get(partition) ?? 0, 0));
		if (left.length === 0) return ends.reduce((sum, {high}) => sum + Number(high), 0);
	}
}
