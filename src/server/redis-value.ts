import {Buffer} from 'node:buffer';
import {ifReadable} from '../utils.ts';
import type {Entry, Hold, KeptAnswer} from './entry.ts';
import {readEntry} from './row.ts';

/*
 * An entry as one string: JSON, a line break, and the body of its answer. The scripts read its beginning and write what comes
 * before its state, hence the order:
 *
 * {"version":1,"revision":…,"createdAt":…,"leaseUntil":…,"state":"running","owner":"…","token":1,"subject":{"guard":"…","scope":…
 */

/** From its state on. */
export function spelt({state, owner, token, expiresAt, subject, fingerprint, mayHaveActed, answer}: Entry): string {
	const {guard, scope, method, path, key} = subject;
	const end = expiresAt && Math.ceil(expiresAt);
	const ordered = {guard, scope, method, path, key};
	const whole = JSON.stringify({state, owner, token, expiresAt: end, subject: ordered, fingerprint, mayHaveActed});
	return answer ? whole.slice(1, -1) + speltAnswer(answer) : `${whole.slice(1)}\n`;
}

/** What a running entry has from its state on, up to its subject. */
export function speltHold({owner, token}: Hold): string {
	return `"state":"running","owner":${JSON.stringify(owner)},"token":${token},`;
}

const strict = new TextDecoder('utf-8', {fatal: true, ignoreBOM: true});

/**
 * The end of an entry that is answered. Its body is text, or in base64 where its bytes are none: what a client makes of bytes is
 * its own affair.
 */
export function speltAnswer({body, ...facts}: KeptAnswer): string {
	const text = body && ifReadable(() => strict.decode(body));
	const form: SpeltAnswer['form'] = body === null ? 'none' : text === undefined ? 'base64' : 'utf8';
	return `,"answer":${JSON.stringify({...facts, form})}}\n${text ?? Buffer.from(body ?? []).toString('base64')}`;
}

/** Throws a TypeError for what is no entry of this release. */
export function entryIn(value: string): {readonly record: Entry; readonly revision: number} {
	let revision = Number.NaN;
	const record = readEntry(() => {
		const end = value.indexOf('\n');
		const found = JSON.parse(value.slice(0, end)) as Spelt;
		({revision} = found);
		const version = Number.isInteger(revision) && found.version;
		return {...found, version, answer: found.answer && answerIn(found.answer, value.slice(end + 1))};
	});
	return {record, revision};
}

type Spelt = Readonly<Record<Exclude<keyof Entry, 'answer'> | 'version', unknown>> & {
	readonly revision: number;
	readonly answer?: SpeltAnswer;
};
type SpeltAnswer = Omit<KeptAnswer, 'body'> & {readonly form: 'none' | 'utf8' | 'base64'};

function answerIn({form, ...facts}: SpeltAnswer, body: string): KeptAnswer {
	return {...facts, body: form === 'none' ? null : Buffer.from(body, form)};
}
