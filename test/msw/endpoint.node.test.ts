import {setupServer} from 'msw/node';
import {afterAll, beforeAll} from 'vitest';
import {itBehavesAsAnIdempotentServer} from './behaviour.ts';

const server = setupServer();
beforeAll(() => {
	server.listen({onUnhandledFrame: 'error'});
});
afterAll(() => {
	server.close();
});

itBehavesAsAnIdempotentServer(server);
