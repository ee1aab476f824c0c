/**
 * What a dictionary says, as a plain object. WebIDL reads its members by Get, so those of a prototype and hidden ones
 * count too. One that cannot be read is none that fetch would ask for.
 */
export function membersOf(dictionary: object, except: readonly string[] = []): Record<string, unknown> {
	const members: Record<string, unknown> = {};
	for (let at: object | null = dictionary; at && at !== Object.prototype; at = Reflect.getPrototypeOf(at))
		for (const name of Object.getOwnPropertyNames(at)) {
			// `in`: not what every object has.
			if (name in members || except.includes(name)) continue;
			try {
				members[name] = (dictionary as Record<string, unknown>)[name];
			} catch {
				// Such as `page` of a NextRequest.
			}
		}

	return members;
}
