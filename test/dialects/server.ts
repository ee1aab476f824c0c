import type {HttpResponse} from 'msw';
import {idempotentEndpoint, type Fault} from '../../src/msw/index.ts';
import type {Shipped} from './all.ts';

/** What the mock endpoint is for an application's tests, without a network: it speaks this dialect. */
export function dialectServer({dialect, profile}: Shipped, work: (count: number) => Response = created) {
	const faults: Fault[] = [];
	const requests: Array<{readonly url: string; readonly headers: Headers; readonly body: string}> = [];
	let runs = 0;
	const endpoint = idempotentEndpoint('post', '*', () => work(++runs) as HttpResponse<undefined>, {
		dialect: {...dialect, profile},
		faults,
	});

	return {
		endpoint,
		requests,
		script(...next: readonly Fault[]) {
			faults.push(...next);
		},
		async fetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
			const request = new Request(input, init);
			const {url, headers} = request;
			requests.push({url, headers, body: await request.clone().text()});
			const result = await endpoint.run({request, requestId: String(requests.length)});
			if (result?.response?.type !== 'default') throw new TypeError('fetch failed');
			return result.response;
		},
	};
}

function created(count: number): Response {
	return Response.json({data: {result: {id: count, userErrors: []}}}, {status: 201});
}
