import {randomUUID} from 'node:crypto';
import {claimOf} from '../stores/claim-of.ts';
import {performTasks} from './child.ts';

/** So many claims of that name at once, each with a key of its own. */
export type ClaimsTask = {
	readonly name: string;
	readonly claims: number;
	readonly settle: boolean;
	/** All processes begin at this moment, by the machine's clock: messages reach them one after the other. */
	readonly at: number;
};

export type ClaimReply = {readonly status: string; readonly key: string; readonly candidate: string};

await performTasks(async (store, task) => {
	const {name, claims, settle, at} = task as ClaimsTask;
	while (Date.now() < at);
	const id = {scope: '', name};
	const one = async (): Promise<ClaimReply> => {
		const [candidate, owner] = [randomUUID(), randomUUID()];
		const result = await store.claim(id, claimOf({key: candidate, owner}));
		if (result.status === 'key-used') return {status: 'key-used', key: '', candidate};
		const {key, token} = result.record;
		if (settle && result.status === 'claimed')
			await store.settle(id, {key, owner, token, state: {status: 'succeeded'}, fenced: false, keepAnswer: false});
		return {status: result.status, key, candidate};
	};
	return Promise.all(Array.from({length: claims}, one));
});
