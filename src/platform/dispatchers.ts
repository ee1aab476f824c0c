import {textOf} from './own-fetch.ts';

/** What undici gives an Agent that is given no `factory`. */
const factory =
	/^function defaultFactory ?\(origin, opts\) \{\s*return opts && opts\.connections === 1\s*\? new Client\d*\(origin, opts\)\s*: new Pool\d*\(origin, opts\);?\s*\}$/;

/** What may dispatch a call of Node's fetch: its own, and what undici has set for all, for its earlier interface and the current one. */
export type Dispatchers = readonly [own: unknown, legacy: unknown, current: unknown];

export function dispatchersOf({dispatcher}: {readonly dispatcher?: unknown}): Dispatchers {
	const setForAll = (version: number): unknown =>
		Reflect.get(globalThis, Symbol.for(`undici.globalDispatcher.${version}`));
	return [dispatcher, setForAll(1), setForAll(2)];
}

/** Whether each is either plain or not set. */
export function arePlain([own, legacy, current]: Dispatchers): boolean {
	// undici 8 bridges the current one to what earlier versions look for.
	const bridged = classOf(legacy)?.name === 'Dispatcher1Wrapper' ? (current ?? legacy) : legacy;
	return [own, bridged, current].every(each => each === undefined || each === null || isPlainAgent(each));
}

/** undici's Agent as it is: no subclass, nothing that `compose` made of one, no factory or interceptors of its own. */
function isPlainAgent(agent: unknown): boolean {
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
