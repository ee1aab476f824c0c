import {can} from '../utils.ts';

/** Headers that can be read only once are read here, for all who look at them later. */
export function withHeadersRead<T extends RequestInit>(init: T): T {
	const headers: unknown = init.headers;
	const isOnce = typeof headers === 'object' && headers !== null && Symbol.iterator in headers && !can(headers, 'has');
	if (!isOnce || Array.isArray(headers)) return init;
	return Object.create(init, {headers: {value: [...(headers as Iterable<unknown>)], enumerable: true}}) as T;
}

/**
 * What a dictionary says, as a plain object. WebIDL reads its members by Get, so those of a prototype and hidden ones
 * count too, and undefined is not said. One that cannot be read is none that fetch would ask for.
 */
export function membersOf(dictionary: object, except: readonly string[] = []): Record<string, unknown> {
	const members: Record<string, unknown> = {};
	for (let at: object | null = dictionary; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at))
		for (const name of Object.getOwnPropertyNames(at)) {
			// `in`: not what every object has.
			if (name in members || except.includes(name)) continue;
			try {
				const value = (dictionary as Record<string, unknown>)[name];
				if (value !== undefined) members[name] = value;
			} catch {
				// Such as `page` of a NextRequest.
			}
		}

	return members;
}
