/** Mutants that change nothing that can be observed, by what they are and not by where: why each is none. */
export const equivalent: ReadonlyArray<{
	readonly file: string;
	/** The line, without its indentation. */
	readonly line: string;
	readonly original: string;
	readonly replacement: string;
	readonly why: string;
}> = [
	{
		file: 'src/operation/claim.ts',
		line: "operation.candidate = {key: result.record.key, owner, sent: 'unclaimed', ambiguous: true};",
		original: 'true',
		replacement: 'false',
		why: 'whoever goes on with that key is in doubt by its unsaved outcome, or by the progress of the flight that it takes over from',
	},
	{
		file: 'src/dialects/words.ts',
		line: 'return (stringsOf(text, fields) ?? strings(untagged(text), fields, false, 0))',
		original: 'false',
		replacement: 'true',
		why: 'a text has no members that could stand within it',
	},
	{
		file: 'src/operation/outcomes.ts',
		line: 'const live = exchange?.answer && exchange.answer === answer ? exchange : undefined;',
		original: '&&',
		replacement: '||',
		why: 'where the last exchange has an answer, that is the last answer',
	},
	{
		file: 'src/operation/flight.ts',
		line: 'return false;',
		original: 'false',
		replacement: 'true',
		why: 'a caller that has been told its error hears nothing more, whatever is told it',
	},
	{
		file: 'src/operation/guarded-store.ts',
		line: "'sweep',",
		original: "'sweep'",
		replacement: "''",
		why: 'nobody is told of a sweep that fails',
	},
];
