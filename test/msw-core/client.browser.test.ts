import {setupWorker} from 'msw/browser';
import {afterAll, beforeAll} from 'vitest';
import {itChargesOnceThroughAClient} from './client.ts';

const worker = setupWorker();
beforeAll(async () => {
	await worker.start({quiet: true, onUnhandledFrame: 'bypass'});
});
afterAll(async () => {
	await worker.stop();
});

itChargesOnceThroughAClient(worker);
