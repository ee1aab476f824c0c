import {setupServer} from 'msw/node';
import {afterAll, beforeAll} from 'vitest';
import {itChargesOnce} from './behaviour.ts';

const server = setupServer();
beforeAll(() => {
	server.listen({onUnhandledFrame: 'error'});
});
afterAll(() => {
	server.close();
});

itChargesOnce(server);
