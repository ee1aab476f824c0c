import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {readFileSync, writeFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {idempotentIn} from '../../src/server/guard.ts';
import {sqliteEntriesIn} from '../../src/server/sqlite.ts';
import {environment} from '../../src/environment.ts';
import {projectFolder, scriptArguments, temporaryFolder} from '../stores/sqlite-folder.ts';
import {codeOf, payment} from './shop.ts';

const {freshFile} = temporaryFolder();

/** A process that is killed in the middle of a payment: after its effect, or before it. */
async function killedAt(when: 'before' | 'after', path: string, effects: string, marked: boolean): Promise<void> {
	const script = (source: (path: string) => string) => `
		import {appendFileSync} from 'node:fs';
		import {idempotent} from ${source('server/index.ts')};
		import {sqliteEntries} from ${source('server/sqlite.ts')};
		const die = () => process.kill(process.pid, 'SIGKILL');
		const guard = idempotent(async (_, operation) => {
			if (${JSON.stringify(when)} === 'before') die();
			await operation.effect(() => appendFileSync(${JSON.stringify(effects)}, 'x'));
			die();
			return new Response('never');
		}, {store: sqliteEntries({path: ${JSON.stringify(path)}}), scope: null, effects: ${JSON.stringify(marked ? 'marked' : 'handler')}});
		const headers = {'content-type': 'application/json', 'idempotency-key': 'key-1'};
		await guard(new Request('https://shop.test/pay', {method: 'POST', body: '{"amount":1}', headers}));
	`;
	const child = spawn(process.execPath, scriptArguments(script), {cwd: projectFolder, stdio: 'inherit'});
	const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
	expect(signal).toBe('SIGKILL');
}

test.each([
	['after the effect, it is a doubt', 'after', {}, 409, 1],
	['before the effect, it is a doubt, too, where none is marked', 'before', {}, 409, 0],
	['after a marked effect, it is a doubt', 'after', {effects: 'marked'}, 409, 1],
	['before a marked effect, the next request runs', 'before', {effects: 'marked'}, 200, 1],
	['after the effect, it runs again where that is the policy', 'after', {onLapsed: 'reexecute'}, 200, 2],
	['after the effect, it is found out', 'after', {reconcile: () => new Response('found')}, 200, 1],
] as const)('killed %s', async (_, when, options, status, total) => {
	const [path, effects] = [freshFile(), freshFile()];
	writeFileSync(effects, '');
	await killedAt(when, path, effects, 'effects' in options);
	let passed = 0;
	const store = sqliteEntriesIn({...environment, now: () => Date.now() + passed}, {path});
	const guard = idempotentIn(
		environment,
		async (_request, operation) => {
			await operation.effect(() => writeFileSync(effects, 'x', {flag: 'a'}));
			return new Response('ok');
		},
		{store, scope: null, ...options},
	);
	const busy = await guard(payment());
	expect([busy.status, await codeOf(busy)]).toEqual([409, 'idempotency-key-in-progress']);
	passed = 10_000;
	const told = await guard(payment());
	expect(told.status).toBe(status);
	expect(readFileSync(effects, 'utf8')).toHaveLength(total);
	await store.close?.();
});
