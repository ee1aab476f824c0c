import type {ServerResponse} from 'node:http';
import {bareOf, keptHeaders} from '../kept.ts';
import {changedSince, headersOf} from './headers.ts';
import {fail, HEADER, methods, setClosed, STATE, stay, TRAILER, type Fields, type State} from './held-methods.ts';
import {endWith, type NodeAnswer} from './reply.ts';

/** A response that is held back. */
export type Held = NodeAnswer & {
	/** Fulfils once its handler has ended it, or it is known that it cannot be kept whole. */
	readonly ready: Promise<void>;
	/** Its handler has failed. `false`: too late, it is ready. */
	readonly fail: (error: unknown) => boolean;
	/** As if nothing had been written. */
	readonly drop: () => void;
};

/** RFC 9110 §15.3.5, §15.3.6 and §15.4.5: no body. */
const bodiless: ReadonlySet<number> = new Set([204, 205, 304]);

/**
 * Holds back what is written to a response until it is given. Its methods are replaced, and everything passes through them
 * after that.
 */
export function holdBack(response: ServerResponse, limit: number): Held {
	const res = response as unknown as Fields;
	const {write, end, writeHead, flushHeaders, emit, destroy} = res;
	const state: State = {
		native: {write, end, writeHead, flushHeaders, emit, destroy},
		limit,
		before: headersOf(res),
		headless: res[HEADER],
		parts: [],
		size: 0,
		answer: {status: 0},
		message: '',
		ended: false,
		settled: false,
		given: false,
		gone: res.destroyed,
		fulfil: () => undefined,
		reject: () => undefined,
	};
	const ready = new Promise<void>((resolve, reject) => {
		state.fulfil = resolve;
		state.reject = reject;
	});
	res[STATE] = state;
	Object.assign(res, methods);
	if (state.gone) stay(res);

	// Without getters: V8 gives each object that has one a map of its own, which only a full collection of garbage lets go, with all it holds.
	const held: Holding = {
		res,
		state,
		ready,
		status: 0,
		fail: ofHeld.fail,
		drop: ofHeld.drop,
		copied: ofHeld.copied,
		give: ofHeld.give,
	};
	state.answer = held;
	return held;
}

type Holding = Held & {status: number; readonly res: Fields; readonly state: State};

/** Shared by all of them. */
const ofHeld: Pick<Held, 'fail' | 'drop' | 'copied' | 'give'> & ThisType<Holding> = {
	fail(error) {
		return fail(this.state, error);
	},
	drop() {
		const {res, state} = this;
		if (state.given) return;
		open(res);
		Reflect.deleteProperty(res, 'writableEnded');
		for (const name of res.getHeaderNames()) res.removeHeader(name);
		for (const [name, values] of state.before) res.setHeader(name, values);
		res.statusCode = 200;
		res.statusMessage = '';
		if (state.gone) state.native.emit.call(res, 'close');
	},
	copied(most, omitted) {
		const {res, state, status} = this;
		const {message: statusText, ended, size} = state;
		if (most < 0) return {kept: bareOf({status, statusText}), response: this};
		const facts = {status, statusText, headers: keptHeaders(changedSince(res, state.before), omitted)};
		if (!ended || size > most) return {kept: {...facts, body: null, bodyLost: true}, response: this};
		return {kept: {...facts, body: bodiless.has(status) ? null : bytesOf(state)}, response: this};
	},
	give() {
		if (!this.state.given) give(this.res);
	},
};

function give(res: Fields): void {
	const {native, parts, answer, message, ended, gone} = res[STATE];
	const {status} = answer;
	open(res);
	if (gone) {
		// It has nobody to go to.
		res[HEADER] = ' ';
		res.finished = ended;
		native.emit.call(res, 'close');
		return;
	}

	res.statusCode = status;
	res.statusMessage = message;
	// A length takes the place of chunks; trailers need chunks.
	if (ended && !res[TRAILER]) {
		endWith(res, native.end, parts.length > 0 ? bytesOf(res[STATE]) : undefined);
		return;
	}

	res.writeHead(status);
	for (const part of parts) native.write.call(res, part);
	if (ended) native.end.call(res);
	else if (!res.writableNeedDrain) native.emit.call(res, 'drain');
}

/** From now on everything passes. */
function open(res: Fields): void {
	res[STATE].given = true;
	res[HEADER] = res[STATE].headless;
	if (res[STATE].gone) setClosed(res, true);
}

function bytesOf(state: State): Uint8Array {
	const [only, ...others] = state.parts;
	if (typeof only === 'string' && others.length === 0) return (state.whole ??= Buffer.from(only));
	return (state.whole ??= Buffer.concat(
		state.parts.map(part => (typeof part === 'string' ? Buffer.from(part) : part)),
	));
}
