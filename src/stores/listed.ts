import type {OperationRecord} from '../operation/record.ts';
import type {Listed} from './store.ts';

/** A record among others. One that cannot be read says why when it is looked at, and keeps no others from being listed. */
export function listedOf(read: () => OperationRecord, now: number): Listed {
	try {
		return {record: read(), now};
	} catch (error) {
		return unreadable(error, now);
	}
}

export function unreadable(error: unknown, now: number): Listed {
	return {
		get record(): never {
			throw error;
		},
		now,
	};
}
