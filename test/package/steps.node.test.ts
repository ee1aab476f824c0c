import {expect, test} from 'vitest';
import {tripOf, withSteps} from '../../scripts/steps.ts';

function watched(code: string): string {
	let count = 0;
	return withSteps(code, () => count++).replaceAll('latchkeyStep', 'step');
}

test.each([
	['function f(a = 1) { return a; }', 'function f(a = 1) {step(0); return a; }'],
	['const f = async a => a.b;', 'const f = async a => (step(0),a.b);'],
	['const f = () => ({a: 1});', 'const f = () => (step(0),({a: 1}));'],
	['const f = () => (a, b);', 'const f = () => (step(0),(a, b));'],
	['const f = () => () => 1;', 'const f = () => (step(0),() => (step(1),1));'],
	['const o = {get a(): number { return 1; }};', 'const o = {get a(): number {step(0); return 1; }};'],
	['class A extends B { constructor() { super(); } }', 'class A extends B { constructor() {step(0); super(); } }'],
	['function f(a: string): void;', 'function f(a: string): void;'],
])('each function says that it is entered: %s', (code, expected) => {
	expect(watched(code)).toBe(expected);
});

test('a trip counts each file and function once, every change, and who comes back', () => {
	const step = (file: string, line: number) => ({file, line});
	const [begin, ask, tell] = [step('a', 1), step('b', 1), step('b', 9)];
	expect(tripOf([begin, begin, ask, tell, begin, step('c', 1), ask])).toEqual({
		files: 3,
		functions: 4,
		changes: 4,
		returns: 2,
	});
});
