import type {Fault} from '../support/faulty-server.ts';

/** The work is done; once the promise resolves, the connection fails. */
export function dropLater(when: Promise<unknown>): Fault {
	return async ({serve, outgoing}) => {
		await serve();
		await when;
		outgoing.destroy();
	};
}
