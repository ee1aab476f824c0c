import {Buffer} from 'node:buffer';
import {ifReadable} from '../utils.ts';
import type {Entry, KeptAnswer} from './entry.ts';
import {readEntry} from './row.ts';

/*
 * An entry as one string: JSON, a line break, and the body of its answer. The scripts read and change its beginning, hence
 * the order:
 *
 * {"version":1,"revision":…,"createdAt":…,"leaseUntil":…,"state":"running","owner":"…","token":1,"subject":{"guard":"…",…},…}
 */

/** All but its version and revision. */
export function spelt(entry: Entry): string {
	const {createdAt, leaseUntil, expiresAt, answer} = entry;
	const times = `"createdAt":${Math.floor(createdAt)},"leaseUntil":${Math.ceil(leaseUntil)},`;
	const end = expiresAt === undefined ? '' : `"expiresAt":${Math.ceil(expiresAt)},`;
	const [facts, body] = answer ? speltAnswer(answer) : ['', ''];
	return times + speltHold(entry) + end + facts + speltRest(entry) + body;
}

/** What tells whose it is. */
export function speltHold({state, owner, token}: Pick<Entry, 'state' | 'owner' | 'token'>): string {
	return `"state":"${state}","owner":${JSON.stringify(owner)},"token":${token},`;
}

export function speltRest({subject, fingerprint, mayHaveActed}: Entry): string {
	const {guard, scope, method, path, key} = subject;
	return `${JSON.stringify({subject: {guard, scope, method, path, key}, fingerprint, mayHaveActed}).slice(1)}\n`;
}

const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/** What is told of an answer, and its body: as text, or in base64 where it is none. What a client makes of bytes is its own affair. */
export function speltAnswer({body, ...facts}: KeptAnswer): [facts: string, body: string] {
	const text = body && ifReadable(() => strict.decode(body));
	const form: SpeltAnswer['form'] = body === null ? 'none' : text === undefined ? 'base64' : 'utf8';
	return [`"answer":${JSON.stringify({...facts, form})},`, text ?? Buffer.from(body ?? []).toString('base64')];
}

/** Throws a TypeError for what is no entry of this release. */
export function entryIn(value: string): {readonly record: Entry; readonly revision: number} {
	let revision = Number.NaN;
	const record = readEntry(() => {
		const end = value.indexOf('\n');
		const found = JSON.parse(value.slice(0, end)) as Spelt;
		({revision} = found);
		return {...found, answer: found.answer && answerIn(found.answer, value.slice(end + 1))};
	});
	return {record, revision};
}

type Spelt = Readonly<Record<Exclude<keyof Entry, 'answer'>, unknown>> & {
	readonly revision: number;
	readonly answer?: SpeltAnswer;
};
type SpeltAnswer = Omit<KeptAnswer, 'body'> & {readonly form: 'none' | 'utf8' | 'base64'};

function answerIn({form, ...facts}: SpeltAnswer, body: string): KeptAnswer {
	return {...facts, body: form === 'none' ? null : Buffer.from(body, form)};
}
