import {setupServer} from 'msw/node';
import {afterAll, beforeAll} from 'vitest';
import {itFailsAsTold} from './faults.ts';

const server = setupServer();
beforeAll(() => {
	server.listen({onUnhandledFrame: 'error'});
});
afterAll(() => {
	server.close();
});

itFailsAsTold(server);
