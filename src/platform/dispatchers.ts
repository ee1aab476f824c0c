import {textOf} from './own-fetch.ts';

/** What undici gives an Agent that is given no `factory`. */
const factory =
	/^function defaultFactory ?\(origin, opts\) \{\s*return opts && opts\.connections === 1\s*\? new Client\d*\(origin, opts\)\s*: new Pool\d*\(origin, opts\);?\s*\}$/;

/**
 * What may dispatch a call of Node's fetch: what it was given, and what npm's undici has set for all. undici 8 bridges
 * the latter to what earlier ones look for.
 */
export function dispatchersFor({dispatcher}: {readonly dispatcher?: unknown}): readonly unknown[] {
	const [legacy, current]: unknown[] = [1, 2].map(n =>
		Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${n}`)),
	);
	const bridged = classOf(legacy)?.name === 'Dispatcher1Wrapper';
	return [dispatcher, bridged ? (current ?? legacy) : legacy, current].filter(
		each => each !== undefined && each !== null,
	);
}

/** undici's Agent as it is: no subclass, nothing that `compose` made of one, no factory or interceptors of its own. */
export function isPlainAgent(agent: unknown): boolean {
	const Agent = classOf(agent);
	const Base: unknown = Agent && Object.getPrototypeOf(Agent);
	if (Agent?.name !== 'Agent' || typeof Base !== 'function' || Base.name !== 'DispatcherBase') return false;
	const dispatch: unknown = Reflect.get(Base.prototype as object, 'dispatch');
	const own = (name: string): unknown => {
		const symbol = Object.getOwnPropertySymbols(agent).find(({description}) => description === name);
		return symbol && Reflect.get(agent as object, symbol);
	};
	return (
		Reflect.get(agent as object, 'dispatch') === dispatch &&
		factory.test(textOf(own('factory'))) &&
		(Object(own('options')) as {interceptors?: unknown}).interceptors === undefined
	);
}

function classOf(value: unknown): {readonly name: string} | undefined {
	const prototype = Object.getPrototypeOf(Object(value)) as object | null;
	return prototype?.constructor;
}
