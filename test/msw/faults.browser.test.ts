import {setupWorker} from 'msw/browser';
import {afterAll, beforeAll} from 'vitest';
import {itFailsAsTold} from './faults.ts';

const worker = setupWorker();
beforeAll(async () => {
	await worker.start({quiet: true, onUnhandledFrame: 'bypass'});
});
afterAll(async () => {
	await worker.stop();
});

itFailsAsTold(worker);
