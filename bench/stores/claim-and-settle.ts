import type {OperationRecord, Store} from 'latchkey';

const DAY = 86_400_000;

/** What the store does for an operation before it is sent. */
export async function claim(store: Store, name: string): Promise<OperationRecord> {
	const claimed = await store.claim(
		{scope: '', name},
		{
			key: crypto.randomUUID(),
			fingerprint: 'f'.repeat(64),
			owner: `${process.pid}/1`,
			lease: 10_000,
			keyLife: DAY,
			onLapsed: 'take',
		},
	);
	if (claimed.status !== 'claimed') throw new Error(`The claim was answered ${claimed.status}`);
	return claimed.record;
}

/** Both steps of a call that goes well. */
export async function claimAndSettle(store: Store, name: string): Promise<void> {
	const {key, owner, token} = await claim(store, name);
	const state = {status: 'succeeded', httpStatus: 201} as const;
	const settled = await store.settle({scope: '', name}, {key, owner, token, state, fenced: false, keepAnswer: false});
	if (settled.status !== 'done') throw new Error(`The settle was answered ${settled.status}`);
}
