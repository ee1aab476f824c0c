import {playwright} from '@vitest/browser-playwright';
import {msw} from 'msw/vite';
import {defaultClientConditions, defaultServerConditions} from 'vite';
import {defineConfig} from 'vitest/config';
import {chromiumOptions} from './test/support/chromium.ts';
import * as commands from './test/support/commands.ts';
import {stopAtFailure} from './test/support/stop-at-failure.ts';

// The top level is also what a plain Vite server over this tree needs: `vite --config vitest.config.ts`.
export default defineConfig({
	plugins: [stopAtFailure()],
	// Makes `#platform` the source rather than the build.
	resolve: {conditions: ['latchkey-source', ...defaultClientConditions]},
	ssr: {resolve: {conditions: ['latchkey-source', ...defaultServerConditions]}},
	// Named here, because a dependency that is discovered late reloads the page under a running test.
	optimizeDeps: {
		include: [
			'ky',
			'uuid',
			'p-retry',
			'@noble/hashes/sha2.js',
			'fast-check',
			'msw',
			'msw/browser',
			'axios',
			'axios-retry',
		],
	},
	test: {
		// A machine may be busy: no test fails for what takes long, only for what never comes.
		testTimeout: 60_000,
		hookTimeout: 60_000,
		expect: {poll: {interval: 20, timeout: 30_000}},
		// How the store of `test/operation` answers. Most are databases, and a forgotten `await` shows only with those.
		provide: {store: 'asynchronous'},
		coverage: {provider: 'v8', include: ['src/**']},
		projects: [
			{
				extends: true,
				test: {
					name: 'node',
					include: ['test/**/*.test.ts'],
					exclude: ['test/**/*.browser.test.ts'],
				},
			},
			{
				extends: true,
				test: {
					name: 'synchronous',
					provide: {store: 'synchronous'},
					include: ['test/operation/**/*.test.ts'],
					exclude: ['test/**/*.browser.test.ts'],
				},
			},
			{
				extends: true,
				plugins: [msw({mode: 'worker-only'})],
				test: {
					name: 'browser',
					include: ['test/**/*.test.ts'],
					exclude: ['test/**/*.node.test.ts'],
					browser: {
						enabled: true,
						headless: true,
						screenshotFailures: false,
						provider: playwright({launchOptions: chromiumOptions}),
						instances: [{browser: 'chromium'}],
						commands: {...commands},
					},
				},
			},
		],
	},
});
