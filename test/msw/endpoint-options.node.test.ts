import {setupServer} from 'msw/node';
import {afterAll, beforeAll} from 'vitest';
import {itTakesOptions} from './endpoint-options.ts';

const server = setupServer();
beforeAll(() => {
	server.listen({onUnhandledFrame: 'error'});
});
afterAll(() => {
	server.close();
});

itTakesOptions(server);
