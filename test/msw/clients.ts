import {create, isAxiosError} from 'axios';
import axiosRetry from 'axios-retry';
import {createFetch, isLatchkeyError, memoryStore} from '../../src/index.ts';

export const PAY = 'https://api.test/pay';
export const RETRIES = 2;
/** How long a client waits for an answer, in milliseconds, where none ever comes. */
const PATIENCE = 300;

/** Presses Pay once. What its person is told: a status, or an error. */
export type Press = (options?: {readonly impatient?: boolean}) => Promise<string>;

const body = '{"amount":1}';
const json = {'content-type': 'application/json'};
const worthIt = (status: number) => status === 409 || status === 429 || status >= 500;

/** Ours: one operation. */
export function latchkeyClient(): Press {
	const fetch = createFetch({store: memoryStore(), scope: null, retry: {limit: RETRIES, delay: () => 1}});
	return async ({impatient = false} = {}) => {
		try {
			const init = {method: 'POST', body, headers: json, operation: ['pay', 42]} as const;
			return String((await fetch(PAY, {...init, ...(impatient && {timeout: PATIENCE})})).status);
		} catch (error) {
			return isLatchkeyError(error) ? error.code : String(error);
		}
	};
}

/** A loop around fetch, as people write it: a key for each press, or none. */
export function plainClient(key?: string): Press {
	return async ({impatient = false} = {}) => {
		const headers = {...json, ...(key !== undefined && {'idempotency-key': key})};
		let seen = '';
		for (let attempt = 0; attempt <= RETRIES; attempt++) {
			const signal = impatient ? AbortSignal.timeout(PATIENCE) : null;
			const response = await fetch(PAY, {method: 'POST', headers, body, signal}).catch(() => undefined);
			seen = response ? String(response.status) : 'failed';
			if (response && !worthIt(response.status)) break;
		}

		return seen;
	};
}

/** Axios with axios-retry, told to retry a POST. */
export function axiosClient(key?: string): Press {
	const client = create({headers: {...json, ...(key !== undefined && {'idempotency-key': key})}});
	axiosRetry(client, {
		retries: RETRIES,
		retryDelay: () => 1,
		shouldResetTimeout: true,
		retryCondition: ({response}) => !response || worthIt(response.status),
	});
	return async ({impatient = false} = {}) => {
		try {
			return String((await client.post(PAY, body, impatient ? {timeout: PATIENCE} : {})).status);
		} catch (error) {
			return isAxiosError(error) && error.response ? String(error.response.status) : 'failed';
		}
	};
}
