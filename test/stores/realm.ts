import {indexedDbStore} from '../../src/stores/indexeddb.ts';

/** What runs in the page of `realm.html`. */
Object.assign(globalThis, {indexedDbStore});
parent.dispatchEvent(new Event('realm-ready'));
