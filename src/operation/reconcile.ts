import {bounded} from '../bounded.ts';
import type {Run} from './named-run.ts';

/**
 * Asks the application what became of the operation, within the time of one attempt. An application that fails, or
 * takes too long, does not know.
 */
export async function reconcile(run: Run): Promise<'succeeded' | 'refused' | undefined> {
	const {environment, settings, operation, key} = run;
	const ms = Math.min(settings.timeout, run.remaining());
	if (settings.reconcile === undefined || key === undefined || ms <= 0) return undefined;
	// Another user's session would find nothing.
	if (!run.sameScope()) return undefined;
	const ask = async (of: NonNullable<typeof settings.reconcile>) => of({operation: operation.name, key});
	const found = await bounded(environment, ask(settings.reconcile), ms).catch(() => undefined);
	return found === 'succeeded' || found === 'refused' ? found : undefined;
}
