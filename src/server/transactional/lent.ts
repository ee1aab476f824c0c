/** What is lent for a while. */
export type Lent<T> = {readonly lent: T; readonly end: () => void};

/**
 * The same thing, whose properties and methods throw once it is over. Without that, what a handler forgot to wait for would go
 * into whichever transaction comes next on its connection.
 *
 * @param never Names of methods that are not lent.
 */
export function lend<T extends object>(thing: T, never: readonly string[] = []): Lent<T> {
	let over = false;
	const check = () => {
		if (over) throw new Error('the transaction is over: wait for all that belongs to it before the handler ends');
	};

	const known = new WeakMap<object, object>();
	const originals = new WeakMap<object, object>();
	/** `owner`: whose method it is. */
	function proxyOf<P extends object>(target: P, owner?: object): P {
		const found = known.get(target);
		if (found) return found as P;
		const proxy: P = new Proxy(target, {
			get(_, name) {
				check();
				const value: unknown = Reflect.get(target, name, target);
				if (owner) return value;
				if (never.includes(String(name)))
					throw new Error(`${String(name)}() is not for the handler: the guard ends its transaction`);
				const own = Reflect.getOwnPropertyDescriptor(target, name);
				const fixed = own && !own.configurable && !own.writable;
				return typeof value === 'function' && !fixed ? proxyOf(value, target) : value;
			},
			apply(_, self: unknown, given) {
				check();
				// A method is that of many: all statements have the same `run`.
				const its = originals.get(self as object) ?? self;
				const made: unknown = Reflect.apply(target as () => unknown, its, given);
				// A prepared statement of SQLite writes by itself.
				return owner && isStatement(made) ? proxyOf(made) : made;
			},
		});
		known.set(target, proxy);
		originals.set(proxy, target);
		return proxy;
	}

	return {
		lent: proxyOf(thing),
		end() {
			over = true;
		},
	};
}

function isStatement(value: unknown): value is object {
	const {get, all, run} = Object(value) as Record<string, unknown>;
	return (
		[get, all, run].every(it => typeof it === 'function') && typeof (value as {then?: unknown}).then !== 'function'
	);
}
