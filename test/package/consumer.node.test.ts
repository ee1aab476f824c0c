import {execFile} from 'node:child_process';
import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {beforeAll, expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};

// What `npm run build` has made, as those compile it who check the declarations of their dependencies.
const root = new URL('../../', import.meta.url);
const folder = new URL('test-results/consumer/', root);
const pathOf = (path: string) => fileURLToPath(new URL(path, root));
const {'./package.json': _, ...exported} = manifest.exports;
const entries = Object.keys(exported).map(path => manifest.name + path.slice(1));

/** What is about `node:http` needs its types. */
const isForNode = (entry: string) => entry === 'latchkey/server/node';

const compilers = {
	'5.7': 'test/package/typescript-5/node_modules/typescript/bin/tsc',
	'6.0': 'test/package/typescript-6/node_modules/typescript/bin/tsc',
	'7.0': 'node_modules/typescript/bin/tsc',
};

const realms = {
	'with lib DOM': {lib: ['ES2022', 'DOM'], types: []},
	'with lib DOM and the types of Node': {lib: ['ES2022', 'DOM'], types: ['node']},
	'in a worker': {lib: ['ES2022', 'WebWorker'], types: []},
	'in Node, without lib DOM': {lib: ['ES2022'], types: ['node']},
};

const usage = `
import {createFetch, operationOf, outcomeOf, type Dialect, type FetchOptions} from 'latchkey';
import {createClient} from 'latchkey/ky';

const options: FetchOptions = {
	fetch: async (input, init) => globalThis.fetch(input, init),
	attemptHeaders: () => new Headers({authorization: 'Bearer t'}),
};
const fetch = createFetch({...options, attemptHeaders: () => ({authorization: 'Bearer t'})});
const request = new Request('https://shop.example/orders', {method: 'POST'});
export const {outcome} = await outcomeOf(fetch(request, {operation: ['checkout', 42]}));
export const saves: Dialect['saves'] = ({type, status}) => type === 'basic' && status === 402;
export const order: {id: string} = await createClient({scope: null}).post('orders', {json: {}, operation: 'pay'}).json();
const handle = operationOf(fetch, 'pay');
export const stop: () => void = handle.subscribe(({status, retryAt = 0}) => void [status, retryAt + 1]);
await handle.fetch(new URL('https://shop.example/orders'), {method: 'POST', timeout: false});
// @ts-expect-error an option of the wrong kind
createFetch({timeout: '20s'});
`;

beforeAll(() => {
	rmSync(folder, {recursive: true, force: true});
	mkdirSync(folder, {recursive: true});
	writeFileSync(new URL('usage.ts', folder), usage);
	for (const [index, entry] of entries.entries())
		writeFileSync(
			new URL(`entry-${index}${isForNode(entry) ? '-of-node' : ''}.ts`, folder),
			`export * from '${entry}';\n`,
		);
});

const [oldest] = Object.keys(compilers);
const table = Object.entries(realms).flatMap(([realm, {lib, types}]) =>
	Object.entries(compilers)
		.filter(([version]) => version === oldest || !lib.includes('DOM') || types.length === 0)
		.map(([version, compiler]) => ({realm, lib, types, version, compiler})),
);

test.each(table)(
	'the declarations compile under TypeScript $version $realm',
	{timeout: 300_000},
	async ({lib, types, version, compiler}) => {
		const compilerOptions = {
			target: 'ES2022',
			module: 'NodeNext',
			strict: true,
			exactOptionalPropertyTypes: true,
			skipLibCheck: false,
			noEmit: true,
			lib,
			types,
			typeRoots: [pathOf('node_modules/@types')],
		};
		const config = new URL(`tsconfig-${version}-${lib.join('-')}-${types.length}.json`, folder);
		const exclude = types.length === 0 ? ['*-of-node.ts'] : [];
		writeFileSync(config, JSON.stringify({compilerOptions, include: ['*.ts'], exclude}));
		const tsc = promisify(execFile)(process.execPath, [pathOf(compiler), '-p', fileURLToPath(config)], {cwd: root});
		const {stdout} = await tsc.catch((error: {stdout: string}) => error);
		expect(problemsIn(stdout)).toEqual([]);
	},
);

/** Where msw's own declarations need lib DOM, or those of what it is made of do not compile, that is theirs to mend. */
function problemsIn(stdout: string): string[] {
	return stdout
		.split('\n')
		.filter(line => line !== '' && !/^(?:\s|node_modules\/(?!(?:ky|uuid|p-retry)\/))/.test(line));
}

test('the compilers are of the versions that are named', async () => {
	for (const [version, compiler] of Object.entries(compilers)) {
		const {stdout} = await promisify(execFile)(process.execPath, [pathOf(compiler), '--version']);
		expect(stdout).toMatch(new RegExp(`^Version ${version}\\.`));
	}
});
