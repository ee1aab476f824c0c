import {defineConfig, type Options} from 'tsup';
import client from './tsup.config.ts';

// Apart, so that neither side loads a file more for what they have in common.
export default defineConfig({
	...(client as Options),
	entry: [
		'src/server/index.ts',
		'src/server/hash/node.ts',
		'src/server/hash/web.ts',
		'src/server/hash/any.ts',
		'src/server/node/index.ts',
		'src/server/sqlite.ts',
		'src/server/postgres.ts',
		'src/server/redis.ts',
		'src/server/contract.ts',
		'src/consumer/index.ts',
		'src/consumer/contract.ts',
	],
	outDir: 'dist',
	clean: false,
});
