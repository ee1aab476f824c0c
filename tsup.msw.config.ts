import {defineConfig, type Options} from 'tsup';
import client from './tsup.config.ts';

// Apart and whole: it has much of the client and of the guard, and neither is to load a file more for what tests need.
export default defineConfig({
	...(client as Options),
	entry: ['src/msw/index.ts'],
	outDir: 'dist/msw',
	clean: false,
});
