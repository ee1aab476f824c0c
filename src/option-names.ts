import {mistake} from './mistake.ts';
import {fetchSpecs, retrySpecs, sharedSpecs} from './option-specs.ts';
import {shown} from './shown.ts';

/** Who takes options, and which. */
type Taker = {
	readonly who: string;
	readonly names: readonly string[];
	/** Other names may be a runtime's or a wrapper's, so that only those are a mistake that are close to one that is known. */
	readonly open?: boolean;
};

const shared: readonly string[] = /* @__PURE__ */ Object.keys(sharedSpecs);

/** Names of the options that are ours and not fetch's; they are taken out before a call goes on. */
export const callOptionNames: readonly string[] = /* @__PURE__ */ ['operation', 'idempotencyKey'].concat(shared);

/** @see https://fetch.spec.whatwg.org/#requestinit */
const ofInit = /* @__PURE__ */ wordsOf(
	'method headers body referrer referrerPolicy mode credentials cache redirect integrity keepalive signal duplex priority window',
);
const ofKy = /* @__PURE__ */ wordsOf(
	'json parseJson stringifyJson searchParams baseUrl prefix retry timeout totalTimeout hooks throwHttpErrors onDownloadProgress onUploadProgress fetch context',
);
/** What runtimes add to `RequestInit`: Node, Bun, Deno, Cloudflare, Next.js, React Native. ky hands it on. */
const ofRuntimes = /* @__PURE__ */ wordsOf('dispatcher tls proxy unix verbose decompress client cf next reactNative');

const aFetch: Taker = {
	who: 'createFetch',
	names: /* @__PURE__ */ shared.concat(/* @__PURE__ */ Object.keys(fetchSpecs)),
};
const aCall: Taker = {who: 'a call', names: /* @__PURE__ */ callOptionNames.concat(ofInit), open: true};
const aRetry: Taker = {who: 'retry', names: /* @__PURE__ */ Object.keys(retrySpecs)};

/** What the same is called elsewhere, in lower case. */
const aliases: Readonly<Record<string, string>> = {
	retries: 'retry',
	maxretries: 'retry',
	timeoutms: 'timeout',
	prefixurl: 'prefix',
};

export function checkFetchOptions(options: object): void {
	refuseOthers(options, aFetch, aCall);
}

export function checkClientOptions(options: object): void {
	refuseOthers(options, {who: 'createClient', names: aFetch.names.concat(ofInit, ofKy, ofRuntimes)}, aCall);
}

export function checkRetryOptions(retry: object): void {
	refuseOthers(retry, aRetry);
}

/** Of a client's call, where what is ky's is refused in other words. */
export function checkClientRetry(retry: object): void {
	refuseOthers(retry, {...aRetry, open: true});
}

export function checkCall(call: object): void {
	refuseOthers(call, aCall, aFetch);
}

/** A value, because whoever calls a client is to get a promise whatever happens. */
export function mistakeInClientCall(call: object): Error | undefined {
	return mistakeIn(call, {...aCall, names: aCall.names.concat(ofKy)}, aFetch);
}

/** Throws a TypeError for the first name that is not taken here. `there`: where it may belong. */
export function refuseOthers(options: object, here: Taker, there?: Taker): void {
	const wrong = mistakeIn(options, here, there);
	if (wrong) throw wrong;
}

function mistakeIn(options: object, here: Taker, there: Taker = {who: '', names: []}): Error | undefined {
	for (const name of Object.keys(options)) {
		if (here.names.includes(name)) continue;
		const meant = meantBy(name, here.names);
		const elsewhere = meant ?? meantBy(name, there.names);
		if (here.open && elsewhere === undefined) continue;
		const hint =
			elsewhere === name ? `; ${there.who} has` : `; did you mean ${elsewhere}${meant ? '' : `, of ${there.who}`}?`;
		return mistake(`${here.who} has no option ${shown(name)}${elsewhere === undefined ? '' : hint}`);
	}

	return undefined;
}

/** The nearest of the names: in other letter case, or with one slip of the pen, or two in a long name. */
function meantBy(name: string, names: readonly string[]): string | undefined {
	const plain = name.replace(/[-_]/g, '').toLowerCase();
	const alias = aliases[plain] ?? '';
	if (names.includes(alias)) return alias;
	for (const slips of [0, 1, 2]) {
		const near = names.find(
			one =>
				slips <= (one.length < 8 ? 1 : 2) &&
				Math.abs(one.length - plain.length) <= slips &&
				isNear(plain, one.toLowerCase(), slips),
		);
		if (near !== undefined) return near;
	}

	return undefined;
}

/** Whether so many letters are left out, put in, changed, or swapped with their neighbour, at most. */
function isNear(one: string, other: string, slips: number): boolean {
	if (one === other) return true;
	if (slips === 0) return false;
	let i = 0;
	while (one[i] === other[i]) i++;
	const rest = (skipOne: number, skipOther: number) =>
		isNear(one.slice(i + skipOne), other.slice(i + skipOther), slips - 1);
	const swapped = one[i] === other[i + 1] && one[i + 1] === other[i];
	return rest(1, 0) || rest(0, 1) || rest(1, 1) || (swapped && rest(2, 2));
}

function wordsOf(text: string): string[] {
	return text.split(' ');
}
