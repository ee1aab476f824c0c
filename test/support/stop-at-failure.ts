import type {Plugin} from 'vite';
import type {Reporter, Vitest} from 'vitest/node';

/** How long what runs at that moment has to end by itself, in milliseconds. */
const GRACE = 2_000;

/**
 * With `--bail`, the run ends within seconds of the first failure. Vitest alone does that for failed tests only, not for
 * files that cannot be loaded, hooks and loose rejections, and waits for the tests that are running, however long.
 */
export function stopAtFailure(): Plugin {
	let running: Vitest | undefined;
	let stopped = false;

	function stop(): void {
		if (running === undefined || stopped) return;
		stopped = true;
		const cancel = () => void running?.cancelCurrentRun('test-failure');
		cancel();
		// The second time ends the workers, whatever they are at.
		setTimeout(cancel, GRACE).unref();
	}

	const watcher: Reporter = {
		onTestCaseResult(test) {
			if (test.result().state === 'failed') stop();
		},
		onTestSuiteResult(suite) {
			if (suite.state() === 'failed') stop();
		},
		onTestModuleEnd(file) {
			if (!file.ok()) stop();
		},
	};

	return {
		name: 'latchkey:stop-at-failure',
		config: () => ({test: {onUnhandledError: stop}}),
		configureVitest({vitest}) {
			if (running !== undefined || !vitest.config.bail) return;
			running = vitest;
			vitest.config.reporters.push(watcher);
		},
	};
}
