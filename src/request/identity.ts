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
	const parts = typeof operation === 'string' ? [partOf(operation, 'operation')] : partsOf(operation);
	const {length} = nameId(parts);
	if (length > LONGEST_NAME)
		throw new TypeError(`operation is ${length} characters long, of at most 1,024. Name it by ids, not by content.`);
	return parts;
}

/** The name as one string, different for different names. */
export function nameId(parts: readonly string[]): string {
	return JSON.stringify(parts);
}

/** The name for people: short, on one line, and not always unambiguous. */
export function displayName(parts: readonly string[]): string {
	const text = parts.join('/').replace(/[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\p{Bidi_Control}]/gu, escapeCharacter);
	const characters = Array.from(text);
	return characters.length <= 80 ? text : `${characters.slice(0, 79).join('')}…`;
}

function partsOf(operation: unknown): string[] {
	if (!Array.isArray(operation))
		throw new TypeError(`operation is ${describe(operation)}. Name it by a string or a tuple: ['checkout', cart.id].`);
	const given: readonly unknown[] = operation;
	if (typeof given[0] !== 'string')
		throw new TypeError(
			`operation[0] is ${describe(given[0])}. Begin with a string that says what is done: ['checkout', cart.id].`,
		);
	// Array.from also visits the holes of a sparse tuple.
	return Array.from(given, (part, i) => partOf(part, `operation[${i}]`));
}

function partOf(part: unknown, where: string): string {
	if (typeof part === 'string' && part !== '') return part;
	if (typeof part === 'bigint') return String(part);
	if (typeof part !== 'number' || !Number.isFinite(part))
		throw new TypeError(
			`${where} is ${describe(part)}. Parts are non-empty strings, finite numbers or bigints: make sure that the id is there before naming the operation by it.`,
		);
	if (Number.isInteger(part) && !Number.isSafeInteger(part))
		throw new TypeError(`${where} is ${part}, which a number does not hold exactly. Use a string or a bigint.`);
	return String(part);
}

function describe(value: unknown): string {
	if (value === '') return 'an empty string';
	if (Array.isArray(value)) return 'an array';
	if (typeof value === 'object' && value !== null) return 'an object';
	return typeof value === 'function' || typeof value === 'symbol' ? `a ${typeof value}` : String(value);
}

function escapeCharacter(character: string): string {
	return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
}
