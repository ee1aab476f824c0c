import type {OperationRecord} from '../../src/operation/record.ts';
import type {Store} from '../../src/stores/store.ts';

/** The records of a scope, or the one of a name, as a store lists them. */
export async function recordsIn(store: Store, scope: string, name?: string): Promise<OperationRecord[]> {
	return (await store.list(scope, name)).map(({record}) => record);
}
