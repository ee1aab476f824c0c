/** Says that a call is named by what it sends. Made by `fromContent()`. */
export type FromContent = {readonly latchkey: 'from-content'};

const marker: FromContent = /* @__PURE__ */ Object.freeze({latchkey: 'from-content'});

/**
 * Names a call by its content: the same method, URL and body are the same operation (`['content', fingerprint]`).
 *
 * Only for requests that are one intention whenever they are equal. Two identical POSTs may be two intentions: the
 * same coffee bought twice, the same message sent again. Where they can be told apart, name them:
 * `['checkout', cart.id]`.
 *
 * @example
 * await fetch('/imports', {method: 'POST', body: file, operation: fromContent()});
 */
export function fromContent(): FromContent {
	return marker;
}

/** Whether an `operation` option is the marker. By shape, because a page may hold two copies of this package. */
export function isFromContent(value: unknown): value is FromContent {
	return typeof value === 'object' && value !== null && 'latchkey' in value && value.latchkey === 'from-content';
}
