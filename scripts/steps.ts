/** Writes down which functions are entered, in order: each one that is loaded from now on says so first. */
import {registerHooks} from 'node:module';
import {fileURLToPath} from 'node:url';
import {parseSync, Visitor, type ESTree} from 'vite';

/** A function that was entered. */
export type Step = {
	readonly file: string;
	/** Where it begins, from 1. */
	readonly line: number;
};

/** How far they go through the sources. */
export type Trip = {
	readonly files: number;
	readonly functions: number;
	/** From one file into another. */
	readonly changes: number;
	/** Of these, those into a file that was left before. */
	readonly returns: number;
};

const functions: Step[] = [];
let steps: Step[] = [];

Object.assign(globalThis, {
	latchkeyStep(index: number) {
		const step = functions[index];
		if (step) steps.push(step);
	},
});

/** `wanted`: whose functions count, by their file. */
export function watchSteps(wanted: (file: string) => boolean): void {
	registerHooks({
		load(url, context, nextLoad) {
			const loaded = nextLoad(url, context);
			if (!url.startsWith('file:') || !loaded.source) return loaded;
			const file = fileURLToPath(url);
			if (!wanted(file)) return loaded;
			const {source} = loaded;
			const code = typeof source === 'string' ? source : new TextDecoder().decode(source);
			return {...loaded, source: withSteps(code, line => functions.push({file, line}) - 1)};
		},
	});
}

/** What is entered while it runs, and in what follows from it before the event loop turns. */
export async function stepsOf(run: () => Promise<unknown>): Promise<readonly Step[]> {
	steps = [];
	await run();
	await new Promise(resolve => {
		setImmediate(resolve);
	});
	return steps;
}

export function tripOf(taken: readonly Step[]): Trip {
	const files = new Set<string>();
	let changes = 0;
	let returns = 0;
	let last: string | undefined;
	for (const {file} of taken) {
		if (last !== undefined && file !== last) {
			changes++;
			if (files.has(file)) returns++;
		}

		files.add(file);
		last = file;
	}

	return {files: files.size, functions: new Set(taken).size, changes, returns};
}

/** The code, each function of which first says that it is entered, by the number that `add` gives it. */
export function withSteps(code: string, add: (line: number) => number): string {
	const inserts: Array<{readonly at: number; readonly text: string}> = [];
	const enter = ({start, body}: ESTree.Function | ESTree.ArrowFunctionExpression) => {
		if (body === null) return;
		const call = `latchkeyStep(${add(code.slice(0, start).split('\n').length)})`;
		if (body.type === 'BlockStatement') inserts.push({at: body.start + 1, text: `${call};`});
		else inserts.push({at: body.start, text: `(${call},`}, {at: body.end, text: ')'});
	};
	const {program} = parseSync('code.ts', code);
	new Visitor({FunctionDeclaration: enter, FunctionExpression: enter, ArrowFunctionExpression: enter}).visit(program);

	let watched = '';
	let end = 0;
	for (const {at, text} of inserts.toSorted((one, other) => one.at - other.at)) {
		watched += code.slice(end, at) + text;
		end = at;
	}

	return watched + code.slice(end);
}
