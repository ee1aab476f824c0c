import {execFile} from 'node:child_process';
import {writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {root} from './pages.ts';

const pathOf = (path: string) => fileURLToPath(new URL(path, root));

/** What the compiler says of all TypeScript in a folder; nothing where it compiles. */
export async function compile(folder: URL): Promise<string> {
	const include = ['**/*.ts', '**/*.tsx', pathOf('docs/examples.d.ts')];
	const config = {extends: pathOf('tsconfig.json'), compilerOptions: {jsx: 'react-jsx'}, include};
	writeFileSync(new URL('tsconfig.json', folder), JSON.stringify(config));
	const tsc = promisify(execFile)(pathOf('node_modules/.bin/tsc'), ['-p', fileURLToPath(folder)]);
	const {stdout} = await tsc.catch((error: {stdout: string}) => error);
	return stdout;
}
