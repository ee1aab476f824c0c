/** Runs the tests that its arguments name in the tree that it is started in, and tells of each of them as soon as it ends. */
import {startVitest, type Reporter} from 'vitest/node';
import {ENDED, FAILED} from './words.ts';

let tests = 0;

const reporter: Reporter = {
	onTestCaseResult(test) {
		tests++;
		console.log(test.fullName);
		if (test.result().state === 'failed') console.log(`${FAILED}${test.module.relativeModuleId}: ${test.fullName}`);
	},
	onTestModuleEnd(file) {
		if (file.errors().length > 0) console.log(`${FAILED}${file.relativeModuleId} cannot be loaded`);
	},
};

const vitest = await startVitest('test', process.argv.slice(2), {
	watch: false,
	project: ['node'],
	reporters: [reporter],
	testTimeout: 15_000,
});
await vitest.close();
if (tests > 0) console.log(ENDED);
