import {memoryStore} from 'latchkey';
import {begunRow, settledFields, type Subject} from './subject.ts';

export async function memorySubject(): Promise<Subject> {
	const rows = new Map<string, Record<string, string>>();
	return {
		name: 'memory',
		store: memoryStore(),
		async byHand(id) {
			const row = begunRow(id);
			rows.set(id, row);
			rows.set(id, {...row, ...settledFields()});
		},
		close: async () => undefined,
	};
}
