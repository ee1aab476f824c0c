import {readFileSync} from 'node:fs';
import {validateHeaderName, validateHeaderValue} from 'node:http';
import {parseArgs} from 'node:util';
import {requirements, type Header, type Requirement, type Settings} from './settings.ts';
import {Misuse} from './stops.ts';
import {holdsKey} from './templates.ts';

/** As they are called, for `parseArgs`. */
export const options = {
	method: {type: 'string', default: 'POST'},
	body: {type: 'string'},
	'other-body': {type: 'string'},
	'error-body': {type: 'string'},
	header: {type: 'string', multiple: true},
	'headers-b': {type: 'string', multiple: true},
	'error-header': {type: 'string', multiple: true},
	'key-header': {type: 'string'},
	count: {type: 'string'},
	slow: {type: 'boolean', default: false},
	'slow-for': {type: 'string'},
	timeout: {type: 'string', default: '10s'},
	require: {type: 'string', multiple: true},
	yes: {type: 'boolean', default: false},
	json: {type: 'boolean', default: false},
} as const;

/** @throws {Misuse} for what cannot be meant. */
export function settingsOf(args: readonly string[]): Settings {
	const {values, positionals} = parsed(args);
	const [address, ...more] = positionals;
	if (address === undefined) throw new Misuse('there is no URL to probe');
	if (more.length > 0) throw new Misuse('there is more than one URL: options go as --name value, quoted where needed');
	const url = urlOf(address);
	const bodies = [values.body, values['other-body'], values['error-body']].map(textOf);
	const [body, otherBody, errorBody] = bodies;
	const placed = [url.href, ...bodies].some(text => text !== undefined && holdsKey(text));
	if (placed && values['key-header'] !== undefined)
		throw new Misuse('the key is either in --key-header or where {{key}} stands');
	const keyHeader = placed ? undefined : headerName(values['key-header'] ?? 'Idempotency-Key');
	const headers = (values.header ?? []).map(headerOf);
	const headersB = (values['headers-b'] ?? []).map(headerOf);
	const errorHeaders = (values['error-header'] ?? []).map(headerOf);
	if ([...headers, ...headersB, ...errorHeaders].some(([name]) => name.toLowerCase() === keyHeader?.toLowerCase()))
		throw new Misuse(`the probe makes the keys: leave ${keyHeader} out of the headers, or name another --key-header`);
	return {
		url,
		method: methodOf(values.method),
		headers,
		headersB,
		errorHeaders,
		body,
		otherBody,
		errorBody,
		keyHeader,
		count: values.count,
		slowFor: slowFor(values.slow, values['slow-for']),
		timeout: durationOf(values.timeout, '--timeout'),
		yes: values.yes,
		json: values.json,
		require: (values.require ?? []).flatMap(names => names.split(',')).map(requirementOf),
	};
}

function parsed(args: readonly string[]) {
	try {
		return parseArgs({args: [...args], options, allowPositionals: true, strict: true});
	} catch (error) {
		// The name of the option, and nothing of a value that may be a secret.
		const name = /'(-[\w-]+)/.exec(error instanceof Error ? error.message : '')?.[1];
		throw new Misuse(name === undefined ? 'the options cannot be read' : `${name} is no option, or has no value`);
	}
}

function urlOf(address: string): URL {
	if (!URL.canParse(address)) throw new Misuse('the URL cannot be read: it begins with http:// or https://');
	const url = new URL(address);
	if (url.protocol !== 'http:' && url.protocol !== 'https:') throw new Misuse('the URL is neither http: nor https:');
	return url;
}

function methodOf(method: string): string {
	const upper = method.toUpperCase();
	if (!/^[A-Z]+$/.test(upper) || upper === 'CONNECT') throw new Misuse('--method is no method');
	return upper;
}

/** `Name: value` */
function headerOf(line: string): Header {
	const colon = line.indexOf(':');
	if (colon < 1) throw new Misuse('a header is written as "Name: value"');
	const name = headerName(line.slice(0, colon).trim());
	const value = line.slice(colon + 1).trim();
	try {
		validateHeaderValue(name, value);
	} catch {
		throw new Misuse(`the value of ${name} cannot be sent`);
	}

	return [name, value];
}

function headerName(name: string): string {
	try {
		validateHeaderName(name);
	} catch {
		throw new Misuse('a header has a name that cannot be sent');
	}

	return name;
}

/** As it is, or from a file: `@order.json`. */
function textOf(value: string | undefined): string | undefined {
	if (value?.startsWith('@') !== true) return value;
	try {
		return readFileSync(value.slice(1), 'utf8');
	} catch {
		throw new Misuse(`${value.slice(1)} cannot be read`);
	}
}

function slowFor(slow: boolean, duration: string | undefined): number {
	if (duration !== undefined) return durationOf(duration, '--slow-for');
	return slow ? 10 * 60_000 : 0;
}

const units: Readonly<Record<string, number>> = {ms: 1, s: 1000, m: 60_000, h: 3_600_000};

/** `500ms`, `30s`, `10m`, `2h`, in milliseconds. */
function durationOf(text: string, option: string): number {
	const [, amount, unit = ''] = /^(\d+)(ms|s|m|h)$/.exec(text) ?? [];
	const duration = Number(amount) * (units[unit] ?? 0);
	// A timer takes no more.
	if (!(duration >= 1 && duration < 2 ** 31)) throw new Misuse(`${option} is a time such as 500ms, 30s, 10m, 2h`);
	return duration;
}

function requirementOf(name: string): Requirement {
	const known = requirements.find(requirement => requirement === name.trim());
	if (known === undefined) throw new Misuse(`--require knows ${requirements.join(', ')}`);
	return known;
}
