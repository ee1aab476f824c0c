import {BodyNotReplayableError} from '../errors.ts';

/** What was read of a body, or a BodyNotReplayableError with the reason as its cause: nothing has been sent yet. */
export async function reading<T>(read: () => T | Promise<T>): Promise<T> {
	try {
		return await read();
	} catch (cause) {
		if (cause instanceof BodyNotReplayableError) throw cause;
		throw new BodyNotReplayableError({reason: 'could not be read', cause});
	}
}
