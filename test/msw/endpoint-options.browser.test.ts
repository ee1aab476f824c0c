import {setupWorker} from 'msw/browser';
import {afterAll, beforeAll} from 'vitest';
import {itTakesOptions} from './endpoint-options.ts';

const worker = setupWorker();
beforeAll(async () => {
	await worker.start({quiet: true, onUnhandledFrame: 'bypass'});
});
afterAll(async () => {
	await worker.stop();
});

itTakesOptions(worker);
