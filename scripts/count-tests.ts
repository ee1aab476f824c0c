import {existsSync, readFileSync} from 'node:fs';

/** What Vitest's reporter `json` writes. */
type Report = {
	readonly success: boolean;
	readonly numPassedTests: number;
	readonly numFailedTests: number;
	readonly testResults: readonly FileReport[];
};

type FileReport = {
	readonly status: string;
	readonly message: string;
	readonly assertionResults: ReadonlyArray<{readonly status: string}>;
};

/** The sum of the reports; of a run that did not come to it there is none. */
export function countTests(files: readonly string[]): {readonly passed: number; readonly failed: number} {
	const reports = files.filter(file => existsSync(file)).map(file => JSON.parse(readFileSync(file, 'utf8')) as Report);
	return {passed: sum(reports.map(report => report.numPassedTests)), failed: sum(reports.map(countFailures))};
}

/** What is red and no test counts as one failure: a file that could not be loaded, a hook, a rejection that nobody caught. */
function countFailures({success, numFailedTests, testResults}: Report): number {
	const broken = testResults.filter(
		// A file that was not run any more is called failed too, without a word.
		({status, message, assertionResults}) =>
			status === 'failed' && message !== '' && assertionResults.every(test => test.status !== 'failed'),
	);
	return Math.max(numFailedTests + broken.length, success ? 0 : 1);
}

function sum(numbers: readonly number[]): number {
	return numbers.reduce((total, number) => total + number, 0);
}
