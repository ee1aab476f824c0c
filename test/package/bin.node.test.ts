import {execFile, execFileSync} from 'node:child_process';
import {mkdtempSync, readdirSync, rmSync, writeFileSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {delimiter, dirname, join} from 'node:path';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {afterAll, beforeAll, expect, test} from 'vitest';
import manifest from '../../package.json' with {type: 'json'};
import {guard, start} from '../probe/guard.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'latchkey-bin-'));
const env = {...process.env, PATH: [dirname(process.execPath), process.env['PATH']].join(delimiter)};

/** The dependencies as they are installed here, so that no registry is asked. */
const here = (name: string) => [name, `file:${join(root, 'node_modules', name)}`];
const overrides = Object.fromEntries([...Object.keys(manifest.dependencies), 'is-network-error'].map(here));

beforeAll(() => {
	execFileSync('npm', ['pack', '--ignore-scripts', '--pack-destination', folder], {cwd: root, env, stdio: 'pipe'});
	const tarball = readdirSync(folder).find(name => name.endsWith('.tgz'));
	const dependencies = {[manifest.name]: `file:${tarball}`};
	writeFileSync(join(folder, 'package.json'), JSON.stringify({private: true, dependencies, overrides}));
	const quietly = ['--offline', '--ignore-scripts', '--no-audit', '--no-fund'];
	execFileSync('npm', ['install', ...quietly, '--cache', join(folder, 'cache')], {cwd: folder, env, stdio: 'pipe'});
}, 300_000);

afterAll(() => {
	rmSync(folder, {recursive: true, force: true});
});

/** In the folder of somebody who has installed the tarball. */
async function npx(...args: readonly string[]) {
	try {
		return {status: 0, ...(await promisify(execFile)('npx', ['--offline', ...args], {cwd: folder, env}))};
	} catch (error) {
		const {code, stdout, stderr} = error as {code: number; stdout: string; stderr: string};
		return {status: code, stdout, stderr};
	}
}

test('npx latchkey probe <url> probes', {timeout: 120_000}, async () => {
	await using server = await start(guard().listener);
	const body = ['--body', '{"amount":1,"cart":"a"}'];
	const probed = await npx('latchkey', 'probe', server.origin, ...body, '--count', server.origin, '--json');
	expect(probed.status).toBe(0);
	expect(JSON.parse(probed.stdout)).toMatchObject({latchkeyProbe: 1, verdict: {safe: 'yes', by: 'count'}});
	expect(probed.stderr).toContain('Verdict: safe to retry: yes');
});

test('its exit status tells shells', {timeout: 120_000}, async () => {
	await using server = await start(guard({keys: 'ignored'}).listener);
	const statuses = [
		(await npx('latchkey', 'probe', server.origin, '--body', '{"amount":1}', '--require', 'safe')).status,
		(await npx('latchkey', 'probe', 'http://192.0.2.1/orders')).status,
		(await npx('latchkey', 'probe', server.origin, '--body', '{}')).status,
	];
	expect(statuses).toEqual([1, 2, 3]);
});
