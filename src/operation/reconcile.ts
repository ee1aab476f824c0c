import {bounded} from '../bounded.ts';
import type {NamedWork} from './named-work.ts';

/**
 * Asks the application what became of the operation, within the time of one attempt. An application that fails, or
 * takes too long, does not know.
 */
export async function reconcile(work: NamedWork): Promise<'succeeded' | 'refused' | undefined> {
	const {environment, settings, operation, key} = work;
	const ms = Math.min(settings.timeout, work.left());
	if (settings.reconcile === undefined || key === undefined || ms <= 0) return undefined;
	// Another user's session would find nothing.
	if (!work.sameScope()) return undefined;
	const ask = async (of: NonNullable<typeof settings.reconcile>) => of({operation, key});
	const found = await bounded(environment, ask(settings.reconcile), ms).catch(() => undefined);
	return found === 'succeeded' || found === 'refused' ? found : undefined;
}
