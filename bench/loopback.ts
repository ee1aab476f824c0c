import {fork} from 'node:child_process';
import {once} from 'node:events';
import {create as createAxios} from 'axios';
import axiosRetry from 'axios-retry';
import ky from 'ky';
import {createFetch, memoryStore} from 'latchkey';
import {measure, type Case, type Figure, type Plan} from './measure.ts';
import {jsonType, order} from './stub.ts';

const timeLimit = 20_000;

/** What a POST costs this process over real connections, which are kept alive. The first figure is bare fetch. */
export async function loopbackFigures(plan: Plan): Promise<Figure[]> {
	const server = fork(new URL('loopback-server.ts', import.meta.url));
	const [port] = (await once(server, 'message')) as [number];
	try {
		return await measure(casesAt(`http://127.0.0.1:${port}/orders`), plan);
	} finally {
		server.disconnect();
	}
}

function casesAt(url: string): Case[] {
	const request = () => ({method: 'POST', headers: jsonType, body: JSON.stringify(order)});
	const keyed = createFetch({store: memoryStore(), scope: null});
	const client = ky.create({timeout: timeLimit, retry: {limit: 3, methods: ['post']}});
	const [axios, axiosOverFetch] = [
		createAxios({timeout: timeLimit}),
		createAxios({adapter: 'fetch', timeout: timeLimit}),
	];
	for (const one of [axios, axiosOverFetch]) axiosRetry(one, {retries: 3, retryCondition: () => true});
	let cart = 0;
	return [
		{name: 'fetch', call: async () => (await fetch(url, request())).json()},
		{
			name: 'latchkey, named operation',
			call: async () => (await keyed(url, {...request(), operation: ['checkout', cart++]})).json(),
		},
		{name: 'ky', call: async () => client.post(url, {json: order}).json()},
		{name: 'axios and axios-retry over fetch', call: async () => (await axiosOverFetch.post(url, order)).data},
		{name: 'axios and axios-retry over node:http', call: async () => (await axios.post(url, order)).data},
	];
}
