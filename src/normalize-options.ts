import {defaultStore} from '#platform';
import {ietf} from './dialects/ietf.ts';
import {mistake} from './mistake.ts';
import {fetchSpecs, retrySpecs, sharedSpecs} from './option-specs.ts';
import {checkedKey, keyHeaderOf} from './request/key.ts';
import {checkFetchOptions, checkRetryOptions} from './option-names.ts';
import {membersOf} from './request/input.ts';
import {validate, type OptionSpecs} from './validate.ts';
import type {FetchOptions, Settings, SharedOptions} from './options.ts';

const defaults: Settings = {
	dialect: /* @__PURE__ */ ietf(),
	timeout: 20_000,
	totalTimeout: 60_000,
	retry: {limit: 3, backoffLimit: 8_000, maxRetryAfter: 30_000},
	keepResponse: false,
	keepRequest: false,
	keySenders: 'anywhere',
	onStoreError: 'fail',
};

/** The very same object, where it says none of these. */
export function without<T extends object>(options: T, names: readonly string[]): T {
	return names.some(name => name in options) ? (membersOf(options, names) as T) : options;
}

/** The defaults of one `createFetch`. Throws a TypeError or RangeError that names the option. */
export function settingsOf(options: FetchOptions): Settings {
	checkFetchOptions(options);
	validate(options, fetchSpecs);
	const {keySenders, keyFrom, dialect, store = defaultStore()} = options;
	if (keySenders === 'this-store' && !store.durable)
		throw mistake(
			"keySenders 'this-store' needs a durable store (not memoryStore(); your own says durable: true): what a process forgets when it dies may have been sent",
		);
	if (keyFrom && keySenders === undefined && dialect?.saves === undefined)
		throw mistake(
			"keys of keyFrom may have been sent by others, and no refusal of them would settle: say keySenders: 'this-store' (or 'anywhere'), or a dialect with saves, such as ietf({saves: 'errors'})",
		);
	// What a header cannot carry is told now, and not when something is to be sent.
	const minted = '00000000-0000-4000-8000-000000000000';
	if (dialect) keyHeaderOf(dialect, keyFrom ? minted : checkedKey(dialect, minted));

	const settings = withCall(withSaid(defaults, options, fetchSpecs), options);
	return keyFrom && dialect ? {...settings, keyFrom: given => checkedKey(dialect, keyFrom(given))} : settings;
}

/** The settings of one call. The very same object when the call says nothing of its own. */
export function withCall(settings: Settings, call: SharedOptions): Settings {
	const said = withSaid(settings, call, sharedSpecs);
	if (said === settings) return settings;
	validate(call, sharedSpecs);
	const {timeout, totalTimeout, retry} = call;
	if (typeof retry === 'object') checkRetryOptions(retry);
	return {
		...said,
		timeout: (timeout ?? settings.timeout) || Number.POSITIVE_INFINITY,
		totalTimeout: (totalTimeout ?? settings.totalTimeout) || Number.POSITIVE_INFINITY,
		retry: withSaid(settings.retry, typeof retry === 'number' ? {limit: retry} : {...retry}, retrySpecs),
	};
}

/** With those of the options that are said. */
export function withSaid<T extends object>(
	settings: T,
	options: {readonly [name: string]: unknown},
	kinds: OptionSpecs,
): T {
	let said = settings;
	for (const name in kinds) if (options[name] !== undefined) said = {...said, [name]: options[name]};
	return said;
}
