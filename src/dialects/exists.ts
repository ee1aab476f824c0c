import type {AlreadyDone, Answer, Dialect} from './dialect.ts';
import {plainTextOf, wordsOf} from './words.ts';

/**
 * "This e-mail exists already": proxies and browsers repeat a POST unseen, so that the first answer may be to the second
 * copy, and the first copy have made what exists.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream
 */
export function readExists(answer: Answer, isReplay: Dialect['isReplay']): AlreadyDone | undefined {
	const {status} = answer;
	if (status !== 400 && status !== 409 && status !== 422) return undefined;
	// A conflict may say so in any field; in a 400 or 422 these may be the caller's own words.
	const words = status === 409 ? plainTextOf(answer) : wordsOf(answer);
	if (!existing.test(words.replace(/\b(not?|never|n.t)\b.*\bexists\b/g, ''))) return undefined;
	// What is marked was the answer to the first copy that the server knows of.
	if (isReplay(answer)) return undefined;
	return {reading: 'already-done', sameKey: false, resource: answer.headers.get('location') ?? undefined};
}

const existing = /\balready\b|\bexists\b|duplicat|\btaken\b|must be unique|\bunique (constraint|violation|key)/;
