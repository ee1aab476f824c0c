import type {Claim} from '../../src/stores/store.ts';

export const ID = {scope: 'scope-a', name: 'pay'};

export function claimOf(over: Partial<Claim> = {}): Claim {
	return {
		key: 'key-1',
		fingerprint: 'print-1',
		owner: 'ann',
		lease: 30_000,
		keyLife: 86_400_000,
		onLapsed: 'take',
		...over,
	};
}
