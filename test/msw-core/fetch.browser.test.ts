import {setupWorker} from 'msw/browser';
import {afterAll, beforeAll} from 'vitest';
import {itChargesOnce} from './behaviour.ts';

const worker = setupWorker();
beforeAll(async () => {
	await worker.start({quiet: true, onUnhandledFrame: 'bypass'});
});
afterAll(async () => {
	await worker.stop();
});

itChargesOnce(worker);
