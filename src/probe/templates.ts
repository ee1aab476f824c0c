import {jsonOf} from './json.ts';

/** What stands in for the placeholders of one request. */
export type Values = {
	/** Of the operation. */
	readonly uuid: string;
	/** As this request has it; `undefined`: it has none. */
	readonly key: string | undefined;
};

const keyPlace = '{{key}}';

export function holdsKey(text: string): boolean {
	return unescaped(text).includes(keyPlace);
}

export function fillHeader(template: string, {uuid}: Values): string {
	return template.replaceAll('{{uuid}}', uuid);
}

/** In a URL, braces may have been escaped. */
export function fillUrl({href}: URL, {uuid, key = ''}: Values): URL {
	const filled = href
		.replaceAll(/(?:\{\{|%7B%7B)uuid(?:\}\}|%7D%7D)/gi, uuid)
		.replaceAll(/(?:\{\{|%7B%7B)key(?:\}\}|%7D%7D)/gi, encodeURIComponent(key));
	return new URL(filled);
}

/** In JSON, a member that is the key goes with it. */
export function fillBody(template: string, {uuid, key}: Values): string {
	const withUuid = template.replaceAll('{{uuid}}', uuid);
	if (!withUuid.includes(keyPlace)) return withUuid;
	const value = jsonOf(withUuid);
	if (value === undefined) return withUuid.replaceAll(keyPlace, encodeURIComponent(key ?? ''));
	if (key === undefined)
		return JSON.stringify(value, (_, member: unknown) => (member === keyPlace ? undefined : member));
	return withUuid.replaceAll(keyPlace, JSON.stringify(key).slice(1, -1));
}

/** Percent-encoding undone, where it is any. */
export function unescaped(text: string): string {
	try {
		return decodeURIComponent(text);
	} catch {
		return text;
	}
}
