import type {Beginning, Subject} from '../../src/server/entry.ts';

/** What is asked of `begin`, by ann. */
export function asked(subject: Partial<Subject> = {}, over: Partial<Beginning> = {}): Beginning {
	return {
		subject: {guard: 'shop', scope: 'f00', method: 'POST', path: '/pay', key: 'key-1', ...subject},
		fingerprint: 'print-1',
		owner: 'ann',
		lease: 30_000,
		mayHaveActed: true,
		onLapsed: 'doubt',
		...over,
	};
}
