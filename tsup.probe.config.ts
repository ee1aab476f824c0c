import {defineConfig} from 'tsup';

/** The program is built apart: shared files would order the chunks of the library anew, and make them larger. */
export default defineConfig({
	entry: {'probe/cli': 'src/probe/cli.ts'},
	platform: 'node',
	format: 'esm',
	target: 'es2022',
	clean: false,
	removeNodeProtocol: false,
	dts: false,
});
