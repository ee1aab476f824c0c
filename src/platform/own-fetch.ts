/** Of Node 22 to 26. What wraps it, binds it or stands for it by a Proxy has another text. */
const nodes = /^function fetch\(input, init = undefined\) \{[^]*require\('internal\/deps\/undici\/undici'\)/;

const buns = /^function fetch\(\) \{\s*\[native code\]\s*\}$/;

/** These repeat a POST by themselves when a connection that was kept alive breaks. */
const oldBuns = /^(?:0|1\.[0-3])\./;

export function isNodesFetch(fetch: unknown): boolean {
	return nodes.test(textOf(fetch));
}

export function isBunsFetch(fetch: unknown): boolean {
	const {Bun} = globalThis as {readonly Bun?: {readonly version: string}};
	// A bound function has the text of what it binds, but not the name.
	const named = (Object(fetch) as {name: unknown}).name === 'fetch';
	return Bun !== undefined && !oldBuns.test(Bun.version) && named && buns.test(textOf(fetch));
}

/** The source of a function. */
export function textOf(code: unknown): string {
	return typeof code === 'function' ? Function.prototype.toString.call(code) : '';
}
