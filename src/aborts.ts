import {isLatchkeyError} from './errors.ts';
import {isMistake} from './mistake.ts';
import {domError, abortReason} from './signals.ts';

/** What callers were aborted for, and whether anything of theirs may have been sent. One reason may end many calls. */
const reasons = /* @__PURE__ */ new WeakMap<object, {sent: boolean}>();

/**
 * What a caller is told that was aborted: the reason, as by fetch. One that tells an outcome, or bears an answer, is that
 * of another call. `begun`: something of this one may have been sent.
 */
export function abortOf(signal: AbortSignal, begun: boolean): unknown {
	const reason = abortReason(signal);
	const isOfAnother = isLatchkeyError(reason) || isMistake(reason) || Object(reason).response !== undefined;
	const told: unknown = isOfAnother
		? Object.assign(domError('The call was aborted', 'AbortError'), {cause: reason})
		: reason;
	if (typeof told === 'object' && told !== null) {
		const known = reasons.get(told);
		if (known === undefined) reasons.set(told, {sent: begun});
		else known.sent ||= begun;
	}

	return told;
}

/** Every call that ended for this reason had been aborted before it began. */
export function isUnsentAbort(reason: unknown): boolean {
	return reasons.get(Object(reason) as object)?.sent === false;
}
