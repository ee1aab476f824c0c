import type {NamedWork} from './work.ts';

/**
 * Asks the application what became of the operation, within the time of one attempt. An application that fails, or
 * takes too long, does not know.
 */
export async function reconcile(work: NamedWork): Promise<'succeeded' | 'refused' | undefined> {
	const {environment, settings, operation, key} = work;
	if (settings.reconcile === undefined || key === undefined) return undefined;
	const ms = Math.min(settings.timeout, work.left());
	if (ms <= 0) return undefined;
	const ask = settings.reconcile;
	return new Promise(resolve => {
		const unknown = () => {
			resolve(undefined);
		};
		const cancel = ms === Number.POSITIVE_INFINITY ? unknown : environment.timer(unknown, ms);
		Promise.resolve()
			.then(async () => ask({operation, key}))
			.then(found => {
				resolve(found === 'succeeded' || found === 'refused' ? found : undefined);
			})
			.catch(unknown)
			.finally(cancel);
	});
}
