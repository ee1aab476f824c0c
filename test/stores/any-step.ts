import * as fc from 'fast-check';
import type {OperationRecord} from '../../src/operation/record.ts';
import type {State} from '../../src/operation/state.ts';
import type {OperationId, Store} from '../../src/stores/store.ts';
import {claimOf} from './claim-of.ts';

/** One step on an operation; `last` is what stands there. The same on every store that keeps the rules. */
export type Step = (store: Store, id: OperationId, last: OperationRecord | undefined) => Promise<unknown>;

const owner = fc.constantFrom('ann', 'bob', '');
const key = fc.constantFrom('key-1', 'key-2');
const body = Uint8Array.from([0, 10, 255]);
const answer = {status: 201, statusText: 'Created', headers: [['a', 'b']] as const, body, url: 'https://shop.test/'};
const request = {method: 'POST', url: 'https://shop.test/', body};
const state = fc.constantFrom<State>(
	{status: 'sending'},
	{status: 'succeeded', httpStatus: 201},
	{status: 'succeeded'},
	{status: 'refused', httpStatus: 402},
	{status: 'mismatched', httpStatus: 422},
	{status: 'unknown'},
	{status: 'unknown', final: true},
);

/** The lease of the last record, or one with another part. */
const held = fc.oneof(
	{weight: 3, arbitrary: fc.constant({})},
	{weight: 1, arbitrary: fc.oneof(fc.record({owner}), fc.record({key}), fc.record({token: fc.constantFrom(1, 2)}))},
);

function leaseOf(last: OperationRecord | undefined) {
	return {key: last?.key ?? 'key-1', owner: last?.owner ?? 'ann', token: last?.token ?? 1};
}

const settling = fc
	.record({
		over: held,
		state,
		fenced: fc.boolean(),
		keepAnswer: fc.boolean(),
		answer: fc.constantFrom(undefined, answer),
	})
	.map(
		({over, ...settlement}): Step =>
			async (store, id, last) =>
				store.settle(id, {...leaseOf(last), ...over, ...settlement}),
	);

const freeing = fc.tuple(key, fc.constantFrom('complete' as const, 'forget' as const, 'force' as const)).map(
	([freed, how]): Step =>
		async (store, id) =>
			store.forget(id, {key: freed, how}),
);

/** With leases of those lengths, in milliseconds. */
export function anyStep(...leases: readonly number[]): fc.Arbitrary<Step> {
	const lease = fc.constantFrom(...leases);
	const claiming = fc
		.record({
			owner: fc.constantFrom('ann', 'bob'),
			key,
			lease,
			fingerprint: fc.constantFrom('print-1', 'print-1', 'print-1', 'print-2'),
			onLapsed: fc.constantFrom('take' as const, 'report' as const),
			takeFrom: fc.constantFrom(undefined, undefined, 'ann'),
			awaited: fc.constantFrom(undefined, undefined, 'key-1'),
			previousKey: fc.constantFrom(undefined, undefined, null, 'key-1'),
			request: fc.constantFrom(undefined, request),
			keyAge: fc.constantFrom(undefined, undefined, 60_000.5),
		})
		.map(
			(over): Step =>
				async (store, id) =>
					store.claim(id, claimOf(over)),
		);
	const renewing = fc.tuple(held, lease).map(
		([over, ms]): Step =>
			async (store, id, last) =>
				store.renew(id, {...leaseOf(last), ...over, lease: ms}),
	);
	return fc.oneof(claiming, claiming, renewing, settling, settling, freeing);
}
