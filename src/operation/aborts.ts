/** What callers were aborted for, and whether anything of theirs may have been sent. One reason may end many calls. */
const reasons = /* @__PURE__ */ new WeakMap<object, {sent: boolean}>();

/** Notes why a caller was aborted. `sent`: its call had begun. */
export function noteAbort(reason: unknown, sent: boolean): void {
	if (typeof reason !== 'object' || reason === null) return;
	const known = reasons.get(reason);
	if (known === undefined) reasons.set(reason, {sent});
	else known.sent ||= sent;
}

/** Every call that ended for this reason had been aborted before it began. */
export function isUnsentAbort(reason: unknown): boolean {
	return reasons.get(Object(reason) as object)?.sent === false;
}
