import {memoryStore} from 'latchkey';
import {handColumns, handSettled, handValues, type Subject} from './subject.ts';

export async function memorySubject(): Promise<Subject> {
	const rows = new Map<string, Record<string, string>>();
	return {
		name: 'memory',
		store: memoryStore(),
		async byHand(id) {
			const row = rowOf(handValues(id));
			rows.set(id, row);
			const [status, owner, lease_until, keep_until] = handSettled;
			rows.set(id, {...row, status, owner, lease_until, keep_until});
		},
		close: async () => undefined,
	};
}

function rowOf(values: readonly string[]): Record<string, string> {
	return Object.fromEntries(handColumns.map((column, i) => [column, values[i] ?? '']));
}
