import {mistake} from '../mistake.ts';
import {shown} from '../shown.ts';

/**
 * The name of an operation: one logical intention, such as `['checkout', cart.id]`. A string is the tuple of that one
 * part, and a number or bigint is its decimal text: `42`, `42n` and `'42'` are the same part, because an id read from
 * a URL and the same id from JSON must not pay twice.
 */
export type OperationName = string | readonly [string, ...(string | number | bigint)[]];

const LONGEST_NAME = 1024; // UTF-16 units of its JSON form: it is a key in every store

/**
 * The parts of an operation's name, as strings. Throws a `TypeError` for what is no name: nothing, an empty string
 * anywhere, a number that is not finite or not exact, more than 1,024 characters. A missing `cart.id` must not
 * become one operation `checkout/undefined` for everybody.
 *
 * @example
 * canonicalName('checkout'); // ['checkout']
 * canonicalName(['checkout', 42]); // ['checkout', '42']
 */
export function canonicalName(operation: unknown): readonly string[] {
	const given: unknown = operation !== '' && typeof operation === 'string' ? [operation] : operation;
	if (!Array.isArray(given)) throw noName('operation', given);
	if (typeof given[0] !== 'string') throw noName('operation[0]', given[0]);
	// Array.from also visits the holes of a sparse tuple.
	const parts = Array.from(given, (part: unknown, i) => {
		if (isPart(part)) return String(part);
		throw noName(`operation[${i}]`, part);
	});
	const {length} = nameId(parts);
	if (length > LONGEST_NAME) throw mistake(`operation is ${length} characters long, of at most ${LONGEST_NAME}`);
	return parts;
}

/** The name as one string, different for different names. */
export function nameId(parts: readonly string[]): string {
	return JSON.stringify(parts);
}

/** The name for people: short, on one line, and not always unambiguous. */
export function displayName(parts: readonly string[]): string {
	const text = parts.join('/').replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\uFFFD');
	return text.replace(/^(.{79})..+/u, '$1…');
}

function isPart(part: unknown): part is string | number | bigint {
	if (typeof part === 'number') return Number.isInteger(part) ? Number.isSafeInteger(part) : Number.isFinite(part);
	return typeof part === 'bigint' || (typeof part === 'string' && part !== '');
}

function noName(where: string, value: unknown): Error {
	return mistake(
		`${where} is ${shown(value)}; name it by a string or a tuple like ['checkout', cart.id], its ids text, bigints or exact numbers`,
	);
}

/** Says that a call is named by what it sends. Made by `fromContent()`. */
export type FromContent = {readonly latchkey: 'from-content'};

const marker: FromContent = /* @__PURE__ */ Object.freeze({latchkey: 'from-content'});

/**
 * Names a call by its content: the same method, URL and body are the same operation (`['content', fingerprint]`).
 *
 * Only for requests that are one intention whenever they are equal. Two identical POSTs may be two intentions: the
 * same coffee bought twice, the same message sent again. Where they can be told apart, name them:
 * `['checkout', cart.id]`.
 *
 * @example
 * await fetch('/imports', {method: 'POST', body: file, operation: fromContent()});
 */
export function fromContent(): FromContent {
	return marker;
}

/** Whether an `operation` option is the marker. By shape, because a page may hold two copies of this package. */
export function isFromContent(value: unknown): value is FromContent {
	return typeof value === 'object' && value !== null && 'latchkey' in value && value.latchkey === 'from-content';
}
