export type NaiveEvent =
	| {readonly type: 'attempt'; readonly attempt: number}
	| {readonly type: 'answer'; readonly attempt: number; readonly status: number}
	| {readonly type: 'failure'; readonly attempt: number; readonly error: unknown}
	| {readonly type: 'wait'; readonly ms: number};

export type NaiveOptions = {
	/** Time for one attempt, in milliseconds. */
	readonly timeout: number;
	/** The wait before retry number `retry` (from 1), in milliseconds. */
	readonly delay: (retry: number) => number;
	readonly onEvent?: (event: NaiveEvent) => void;
};

const ATTEMPTS = 4;

/** What most code on the web does: no key, and up to three retries of whatever looks like a failure. */
export async function postNaively(
	url: string,
	body: string,
	{timeout, delay, onEvent}: NaiveOptions,
): Promise<Response> {
	for (let attempt = 1; ; attempt++) {
		onEvent?.({type: 'attempt', attempt});
		try {
			const signal = AbortSignal.timeout(timeout);
			const headers = {'content-type': 'application/json'};
			const response = await fetch(url, {method: 'POST', headers, body, signal});
			onEvent?.({type: 'answer', attempt, status: response.status});
			if (response.status < 500 || attempt === ATTEMPTS) return response;
		} catch (error) {
			onEvent?.({type: 'failure', attempt, error});
			if (attempt === ATTEMPTS) throw error;
		}

		const ms = delay(attempt);
		onEvent?.({type: 'wait', ms});
		await new Promise(resolve => {
			setTimeout(resolve, ms);
		});
	}
}
