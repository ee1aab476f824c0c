import type {Place} from './place.ts';

/** Gives back the claim of a flight of this realm that ended with its request, so that nobody waits for its lease to end. */
export async function release({realm, id, flightId}: Place): Promise<void> {
	const {ledger, name, offered} = realm;
	// It never learnt of its claim, so it has sent nothing under it: the same claim is made again, by the same owner.
	if (offered.has(flightId)) return;
	try {
		const where = await id();
		const [record] = await ledger.list(where.scope, where.name);
		if (!record?.owner.startsWith(`${name}/`)) return;
		const {key, owner, token} = record;
		await ledger.settle(where, {key, owner, token, state: {status: 'unknown'}, fenced: true, keepAnswer: false});
	} catch {
		// What the store could not do now, the end of the lease does.
	}
}
