import {create as createAxios} from 'axios';
import axiosRetry from 'axios-retry';
import {ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap} from 'cockatiel';
import fetchRetry from 'fetch-retry';
import ky from 'ky';
import {createFetch as createOfetch} from 'ofetch';
import pRetry from 'p-retry';
import type {Case} from './measure.ts';
import {jsonType, order, url, type Stub} from './stub.ts';

const timeLimit = 20_000;

/** The stub alone: what everything else is measured against. */
export function rawCase(stub: Stub): Case {
	return {name: 'raw stub', call: async () => (await stub(url, request())).json()};
}

/** Other clients over the same stub, each with three retries of a POST, and with its time-out if it has one. */
export function peerCases(stub: Stub): Case[] {
	const kyClient = ky.create({fetch: stub, timeout: timeLimit, retry: {limit: 3, methods: ['post']}});
	const ofetch = createOfetch({fetch: stub, defaults: {retry: 3, timeout: timeLimit}});
	const refetch = fetchRetry(stub, {retries: 3});
	const axiosClient = createAxios({adapter: 'fetch', env: {fetch: stub}, timeout: timeLimit});
	axiosRetry(axiosClient, {retries: 3, retryCondition: () => true});
	const policy = wrap(
		retry(handleAll, {maxAttempts: 3, backoff: new ExponentialBackoff()}),
		timeout(timeLimit, TimeoutStrategy.Aggressive),
	);

	return [
		{name: 'ofetch', call: async () => ofetch(url, {method: 'POST', body: order})},
		{name: 'fetch-retry', call: async () => (await refetch(url, request())).json()},
		{name: 'p-retry around it', call: async () => (await pRetry(async () => sent(stub), {retries: 3})).json()},
		{
			name: 'cockatiel, retry and time-out',
			call: async () => (await policy.execute(async ({signal}) => sent(stub, signal))).json(),
		},
		{name: 'ky', call: async () => kyClient.post(url, {json: order}).json()},
		{name: 'axios and axios-retry', call: async () => (await axiosClient.post(url, order)).data},
	];
}

async function sent(stub: Stub, signal: AbortSignal | null = null): Promise<Response> {
	const response = await stub(url, {...request(), signal});
	if (response.status >= 500) throw new Error(`The server answered ${response.status}`);
	return response;
}

function request(): RequestInit {
	return {method: 'POST', headers: jsonType, body: JSON.stringify(order)};
}
