import {setupServer} from 'msw/node';
import {afterAll, beforeAll} from 'vitest';
import {itChargesOnceThroughAClient} from './client.ts';

const server = setupServer();
beforeAll(() => {
	server.listen({onUnhandledFrame: 'error'});
});
afterAll(() => {
	server.close();
});

itChargesOnceThroughAClient(server);
