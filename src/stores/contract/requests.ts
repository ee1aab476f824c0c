import type {StoredRequest} from '../../operation/record.ts';
import type {ContractTest} from './bench.ts';
import {same} from './check.ts';

const request: StoredRequest = {
	method: 'POST',
	url: 'https://api.test/orders?x=ü#y',
	contentType: 'multipart/form-data; boundary="--\n"',
	// Every byte once, zero first: neither UTF-8 nor a C string.
	body: Uint8Array.from({length: 256}, (_, i) => i),
};

/** Requests at rest: only where they are given, and while the operation is open. */
export const requestTests: readonly ContractTest[] = [
	{
		title: 'request: is kept with the claim, byte for byte, and stays that of the first',
		async run({begin, stored, settle}) {
			const first = await begin({request});
			same(first.request, request, 'the request');
			await begin({request: {...request, method: 'PUT'}});
			await settle(first, {status: 'unknown'}, {fenced: true});
			await begin({owner: 'bob', request: {...request, method: 'PUT'}});
			same((await stored())?.request, request, 'what is stored');
		},
	},
	{
		title: 'request: no body is told from an empty one',
		async run({begin, free, stored}) {
			const bare = {method: 'DELETE', url: 'https://api.test/orders/1'};
			await begin({request: {...bare, body: null}});
			same((await stored())?.request, {...bare, body: null}, 'no body');
			await free('force');
			await begin({key: 'key-2', request: {...bare, body: new Uint8Array()}});
			same((await stored())?.request, {...bare, body: new Uint8Array()}, 'an empty body');
		},
	},
	{
		title: 'request: goes with a definitive outcome, and when the operation is freed',
		async run({begin, settle, free, stored}) {
			await settle(await begin({request}), {status: 'refused', httpStatus: 402});
			same((await stored())?.request, undefined, 'the request of a refusal');
			await settle(await begin({key: 'key-2', request}), {status: 'succeeded', httpStatus: 201});
			same((await stored())?.request, undefined, 'the request of a success');
			await free('complete', 'key-2');
			await begin({key: 'key-3', request});
			await free('force', 'key-3');
			same((await stored())?.request, undefined, 'the request of a freed operation');
		},
	},
];
