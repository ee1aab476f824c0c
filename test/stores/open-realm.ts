import {onTestFinished} from 'vitest';
import type {indexedDbStore} from '../../src/stores/indexeddb.ts';

type Realm = Window & {readonly indexedDbStore: typeof indexedDbStore};

/** Another realm of this origin, with its own copy of the module. `die` ends it as closing a tab would. */
export async function openRealm() {
	const frame = document.createElement('iframe');
	const ready = new Promise(resolve => {
		addEventListener('realm-ready', resolve, {once: true});
	});
	frame.src = new URL('./realm.html', import.meta.url).href;
	document.body.append(frame);
	onTestFinished(() => frame.remove());
	await ready;
	return {indexedDbStore: (frame.contentWindow as unknown as Realm).indexedDbStore, die: () => frame.remove()};
}
