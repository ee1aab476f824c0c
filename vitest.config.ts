import {playwright} from '@vitest/browser-playwright';
import {msw} from 'msw/vite';
import {defineConfig} from 'vitest/config';

const chromium = {
	executablePath: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium',
	args: [
		'--no-sandbox',
		'--disable-gpu',
		'--disable-quic',
		'--no-first-run',
		'--disable-background-networking',
		'--disable-component-update',
		'--disable-sync',
	],
};

export default defineConfig({
	test: {
		coverage: {provider: 'v8', include: ['src/**']},
		projects: [
			{
				test: {
					name: 'node',
					include: ['test/**/*.test.{ts,tsx}'],
					exclude: ['test/**/*.browser.test.{ts,tsx}'],
					typecheck: {enabled: true, include: ['test/**/*.test-d.ts'], tsconfig: './tsconfig.json'},
				},
			},
			{
				plugins: [msw({mode: 'worker-only'})],
				optimizeDeps: {include: ['ky', 'uuid', 'p-retry', 'is-network-error', 'msw', 'msw/browser', '@noble/hashes/sha2.js']},
				test: {
					name: 'browser',
					include: ['test/**/*.test.{ts,tsx}'],
					exclude: ['test/**/*.node.test.{ts,tsx}'],
					browser: {
						enabled: true,
						headless: true,
						screenshotFailures: false,
						provider: playwright({launchOptions: chromium}),
						instances: [{browser: 'chromium'}],
					},
				},
			},
		],
	},
});
