/** The tests that are asked about a file: those beside it first, further ones only where these notice nothing. */
const fitting: ReadonlyArray<readonly [of: RegExp, ...stages: ReadonlyArray<readonly string[]>]> = [
	[/^src\/operation\//, ['test/operation/'], ['test/fetch/', 'test/http/', 'test/simulation/']],
	[/^src\/attempt\//, ['test/attempt/'], ['test/operation/'], ['test/ky/', 'test/http/']],
	[/^src\/dialects\//, ['test/dialects/', 'test/attempt/'], ['test/operation/', 'test/http/']],
	[/^src\/request\//, ['test/request/', 'test/input/', 'test/fetch/'], ['test/operation/', 'test/http/']],
	[/^src\/stores\/sqlite/, ['test/stores/sqlite']],
	[
		/^src\/stores\//,
		[
			'test/stores/memory.',
			'test/stores/rules.',
			'test/stores/contract.',
			'test/stores/compare-and-set.',
			'test/stores/sqlite.',
			'test/stores/sqlite-fetch.',
		],
		['test/operation/', 'test/stores/rules.', 'test/stores/sqlite'],
	],
	[/^src\/ky\//, ['test/ky/', 'test/option'], ['test/mistakes', 'test/interop/', 'test/http/']],
	[
		/^src\/[^/]+$/,
		[
			'test/options',
			'test/option-names',
			'test/errors',
			'test/mistakes',
			'test/environment',
			'test/input/',
			'test/fetch/',
		],
		['test/operation/', 'test/attempt/', 'test/ky/', 'test/request/', 'test/runtimes/'],
	],
];

export function testsOf(file: string): ReadonlyArray<readonly string[]> {
	const [, ...stages] = fitting.find(([of]) => of.test(file)) ?? [/./];
	return stages;
}
