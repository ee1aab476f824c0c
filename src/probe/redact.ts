import {jsonOf} from './json.ts';
import type {Header, Settings} from './settings.ts';
import {unescaped} from './templates.ts';

/** Header and member names behind which a secret may be. */
const secretNames =
	/auth|token|secret|passw|pwd|cookie|session|signature|credential|cvc|cvv|cvn|iban|^pan$|card.?number|account.?number|(?:api|access|private|client|subscription|functions).?key|^x-.*key|^key$/i;

/** Any value of a header that is none of these may be a credential under a name that nobody has heard of. */
const plainHeaders =
	/^(?:content-type|accept(?:-.*)?|user-agent|origin|referer|host|cache-control|prefer|traceparent)$/i;

const hidden = '[redacted]';

export type Redactor = (text: string) => string;

/** What makes any text fit to print: without the secrets that were given, and without control characters. */
export function redactorOf(settings: Settings): Redactor {
	const secrets = [...new Set(secretsOf(settings).flatMap(spellings))]
		.filter(secret => secret.length >= 3)
		.toSorted((a, b) => b.length - a.length);
	return text =>
		secrets
			.reduce((safe, secret) => safe.replaceAll(secret, hidden), text)
			.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, ' ');
}

/** Without userinfo, fragment, and the values of its query. */
export function shownUrl(url: URL): string {
	// A name without a value may be the secret.
	const parts = [...url.searchParams].map(
		([name, value]) => (value === '' ? '' : `${encodeURIComponent(name)}=`) + hidden,
	);
	return url.origin + url.pathname + (parts.length === 0 ? '' : `?${parts.join('&')}`);
}

function secretsOf({url, headers, headersB, errorHeaders, body, otherBody, errorBody, count}: Settings): string[] {
	return [
		...inUrl(url),
		...[...headers, ...headersB, ...errorHeaders].flatMap(inHeader),
		...[body, otherBody, errorBody].flatMap(text => (text === undefined ? [] : inBody(text))),
		...(count === undefined ? [] : inCount(count)),
	];
}

function inUrl({username, password, searchParams}: URL): string[] {
	const basic = Buffer.from(`${unescaped(username)}:${unescaped(password)}`).toString('base64');
	const inQuery = [...searchParams].map(([name, value]) => (value === '' ? name : value));
	return [username, password, basic, ...inQuery];
}

/** The whole value, what follows a scheme such as Bearer, each cookie, and what Basic encodes. */
function inHeader([name, value]: Header): string[] {
	if (plainHeaders.test(name)) return [];
	const parts = value.split(/[\s;,]+/).flatMap(part => [part, part.replace(/^[^=]+=/, '')]);
	const credentials = parts.filter(part => !/^(?:basic|bearer|digest|token)$/i.test(part));
	const basic = /^basic\s+(\S+)/i.exec(value)?.[1];
	const pair = basic === undefined ? [] : Buffer.from(basic, 'base64').toString('utf8').split(':');
	return [value, ...credentials, ...pair];
}

function inBody(text: string): string[] {
	const value = jsonOf(text);
	if (value !== undefined) return inJson(value);
	return [...new URLSearchParams(text)].filter(([name]) => secretNames.test(name)).map(([, secret]) => secret);
}

function inJson(value: unknown, secret = false): string[] {
	if (typeof value === 'string' || typeof value === 'number') return secret ? [String(value)] : [];
	if (typeof value !== 'object' || value === null) return [];
	return Object.entries(value).flatMap(([name, member]) => inJson(member, secret || secretNames.test(name)));
}

function inCount(count: string): string[] {
	return URL.canParse(count) ? inUrl(new URL(count)) : [count];
}

/** As a server, a URL or an error may spell it. */
function spellings(secret: string): string[] {
	return [secret, encodeURIComponent(secret), JSON.stringify(secret).slice(1, -1), unescaped(secret)];
}
