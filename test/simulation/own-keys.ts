/** The keys that the application keeps for its operations, in a database of its own. */
export function createOwnKeys(now: () => number, form: (count: number) => string) {
	const keys = new Map<string, {readonly key: string; readonly since: number}>();
	let count = 0;

	function renew(id: string) {
		const made = {key: form(++count), since: now()};
		keys.set(id, made);
		return made;
	}

	return {
		madeAt: (key: string) => [...keys.values()].find(made => made.key === key)?.since,
		of: (id: string) => keys.get(id) ?? renew(id),
		/** Where it is still this one. */
		renew(id: string, key: string | undefined): void {
			if (keys.get(id)?.key === key) renew(id);
		},
		/** As the record has it. */
		restore(id: string, key: string): void {
			keys.set(id, {key, since: now()});
		},
	};
}

export type OwnKeys = ReturnType<typeof createOwnKeys>;
