import type {Answer} from '../dialects/dialect.ts';
import {withoutQuery} from '../shown.ts';
import type {StoredAnswer} from './record.ts';

/** An answer as it is kept: for those who wait elsewhere, or `asked` for. */
export function atRest({status, statusText, headers, body, url}: Answer, asked: boolean): StoredAnswer {
	// Cookies are no part of an answer; only Node shows them at all.
	const kept = [...headers].filter(([name]) => name !== 'set-cookie');
	// A query may hold a token.
	const at = asked ? url : withoutQuery(url);
	return {status, statusText, headers: kept, body: body ?? new Uint8Array(), url: at};
}

/** The answer of a record, as if it had just come. */
export function fromRest({headers, body, ...rest}: StoredAnswer): Answer {
	return {
		...rest,
		headers: new Headers(Object.fromEntries(headers)),
		body: new Uint8Array(body),
		redirected: false,
		type: 'basic',
	};
}
