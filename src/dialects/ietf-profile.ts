import type {Exchange, Profile} from './profile.ts';

const source = 'https://datatracker.ietf.org/doc/draft-ietf-httpapi-idempotency-key-header/';
const row = (status: number, title: string, means: Exchange['means'], more = {}): Exchange => ({
	status,
	headers: {'content-type': 'application/problem+json'},
	body: {title, ...more},
	means,
	source,
});

/** The examples of the IETF draft, whose titles alone tell its answers apart. The dialect is `ietf()`, which reads more. */
export const ietfProfile: Profile = {
	name: 'ietf',
	key: {header: 'Idempotency-Key'},
	methods: ['POST', 'PATCH'],
	compares: true,
	otherwise: 'words',
	exchanges: [
		/* @__PURE__ */ row(400, 'Idempotency-Key is missing', 'key-missing'),
		/* @__PURE__ */ row(422, 'Idempotency-Key is already used', 'mismatched', {
			detail: 'Idempotency Key MUST not be reused across different payloads of this operation.',
		}),
		/* @__PURE__ */ row(409, 'A request is outstanding for this Idempotency-Key', 'in-progress'),
	],
	read: '2026-11',
};
