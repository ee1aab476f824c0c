import {jsonOf, objectOf} from './json.ts';
import type {Sent} from './exchange.ts';
import type {Header, Settings} from './settings.ts';
import {fillBody, fillHeader, fillUrl, holdsKey} from './templates.ts';

/** One intention, which all that is sent for it shares. */
export type Operation = {
	/** Short, for people: `k1`. */
	readonly label: string;
	readonly key: string;
	/** What `{{uuid}}` stands for. */
	readonly uuid: string;
};

export type BodyKind = 'body' | 'reordered' | 'other' | 'refused' | 'error';
export type KeyKind = 'plain' | 'quoted' | 'upper-case' | 'missing' | 'empty' | 'long' | 'long-other-end';

/** How one request differs from the plain one of its operation. */
export type Variant = {
	readonly key?: KeyKind;
	readonly body?: BodyKind;
	readonly caller?: 'a' | 'b';
	/** With the headers that make the endpoint fail. */
	readonly failing?: boolean;
};

export function requestOf(settings: Settings, operation: Operation, variant: Variant): Sent {
	const body = bodyOf(settings, variant.body ?? 'body');
	const own: Header[] = [...settings.headers];
	if (variant.caller === 'b') replaceIn(own, settings.headersB);
	if (variant.failing === true) replaceIn(own, settings.errorHeaders);
	if (body !== undefined && !own.some(([name]) => name.toLowerCase() === 'content-type'))
		own.unshift(['content-type', jsonOf(body) === undefined ? 'text/plain' : 'application/json']);
	const key = keyOf(operation.key, variant.key ?? 'plain');
	if (key !== undefined && settings.keyHeader !== undefined) own.push([settings.keyHeader, key]);
	const values = {uuid: operation.uuid, key};
	return {
		url: fillUrl(settings.url, values),
		method: settings.method,
		headers: own.map(([name, value]) => [name, fillHeader(value, values)]),
		body: body === undefined ? undefined : fillBody(body, values),
	};
}

function replaceIn(headers: Header[], others: readonly Header[]): void {
	const names = new Set(others.map(([name]) => name.toLowerCase()));
	const kept = headers.filter(([name]) => !names.has(name.toLowerCase()));
	headers.splice(0, headers.length, ...kept, ...others);
}

/** Longer than any limit that is known (64, 255, 256), and longer than what a column often holds. */
const long = 300;

function keyOf(key: string, kind: KeyKind): string | undefined {
	if (kind === 'missing') return undefined;
	if (kind === 'empty') return '';
	if (kind === 'quoted') return `"${key}"`;
	if (kind === 'upper-case') return key.toUpperCase();
	if (kind === 'plain') return key;
	return key.padEnd(long - 1, 'x') + (kind === 'long' ? 'a' : 'b');
}

function bodyOf(settings: Settings, kind: BodyKind): string | undefined {
	if (kind === 'reordered') return reordered(settings.body);
	if (kind === 'other') return settings.otherBody ?? otherThan(settings.body);
	if (kind === 'refused') return refusedInPlaceOf(settings.body);
	if (kind === 'error') return settings.errorBody ?? settings.body;
	return settings.body;
}

/** The members of a JSON object backwards; `undefined` where there is no other order. */
export function reordered(body: string | undefined): string | undefined {
	const value = objectOf(body);
	if (value === undefined) return undefined;
	const text = JSON.stringify(Object.fromEntries(Object.entries(value).toReversed()));
	return text === JSON.stringify(value) ? undefined : text;
}

/** The same object with one number raised, or one text longer, or one member more. */
export function otherThan(body: string | undefined): string | undefined {
	const value = objectOf(body);
	if (value === undefined) return undefined;
	const entries = Object.entries(value);
	const number = entries.find(([, member]) => typeof member === 'number');
	if (number) return JSON.stringify({...value, [number[0]]: Number(number[1]) + 1});
	const text = entries.find(([, member]) => typeof member === 'string' && !member.includes('{{'));
	if (text) return JSON.stringify({...value, [text[0]]: `${String(text[1])}x`});
	return JSON.stringify({...value, latchkeyProbe: true});
}

/** A body of the same kind that an endpoint which checks its input refuses; its key stays. */
function refusedInPlaceOf(body: string | undefined): string | undefined {
	if (body === undefined || jsonOf(body) === undefined) return undefined;
	const keys = Object.entries(objectOf(body) ?? {}).filter(([, member]) => holdsKey(JSON.stringify(member)));
	return JSON.stringify({...Object.fromEntries(keys), latchkeyProbe: 'not what is expected'});
}
