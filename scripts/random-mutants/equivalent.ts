/** Mutants that change nothing that can be observed, by what they are and not by where: why each is none. */
export const equivalent: ReadonlyArray<{
	readonly file: string;
	/** The line, without its indentation. */
	readonly line: string;
	readonly original: string;
	readonly replacement: string;
	readonly why: string;
}> = [];
