import {mkdirSync, rmSync, writeFileSync} from 'node:fs';
import {fileURLToPath} from 'node:url';
import {sources} from '../package/sources.ts';
import {root} from './pages.ts';
import {withSources} from './snippets.ts';

/** What the docstrings' examples take from the application around them, besides docs/examples.d.ts. */
const application = `
import type {OperationHandle, Store} from 'latchkey';
import type {EntryStore, Guard, Handler} from 'latchkey/server';
import type {Pool} from 'pg';

declare global {
	const body: string;
	const bank: {
		charge(order: unknown, options: {idempotencyKey: string}): Promise<object>;
		find(key: string): Promise<object | undefined>;
	};
	const guard: Guard<readonly []>;
	const handler: Handler<readonly []>;
	const pool: Pool;
	const connectionString: string;
	const error: unknown;
	const file: Blob;
	const handle: OperationHandle;
	const logger: {error(error: unknown): void};
	const signOutButton: HTMLButtonElement;
	function userOf(request: Request): {readonly id: string};
	function myEntries(options: {readonly table: string}): EntryStore;
	function currentUser(): {readonly id: string};
	function myStore(options: {readonly table: string}): Store;
	function showOpen(operation: readonly string[], expired: boolean): void;
	function showChecking(operation?: readonly string[]): void;
}
`;

/** Examples without imports have all that the package offers. */
const imports = `
import {contentKey, createFetch, forgetAll, fromContent, ietf, isLatchkeyError, memoryStore, NotSentError, operationOf, outcomeOf, unfinished, type Dialect, type LatchkeyFetch} from 'latchkey';
import {createClient} from 'latchkey/ky';
import {defineDialect, dialectFor, inBody, inQuery, inVariable, latchkey, paypal, stripe, stripeV2} from 'latchkey/dialects';
import {cloudEventId, headerId, onceOnly, positionId} from 'latchkey/consumer';
import {idempotentEndpoint} from 'latchkey/msw';
import {idempotent, memoryEntries} from 'latchkey/server';
import {indexedDbStore} from 'latchkey/stores/indexeddb';
import {postgresStore} from 'latchkey/stores/postgres';
import {redisStore} from 'latchkey/stores/redis';
import {sqliteStore} from 'latchkey/stores/sqlite';
import {canonicalName} from '${fileURLToPath(new URL('src/request/identity.ts', root))}';
import {HttpResponse} from 'msw';
import {setupServer} from 'msw/node';
import pg from 'pg';
import {useSyncExternalStore} from 'react';
import {expect} from 'vitest';

declare const fetch: LatchkeyFetch;
`;

export type Example = {readonly path: string; readonly code: string};

export const examples: readonly Example[] = sources.flatMap(({path, text}) =>
	examplesIn(text).map(code => ({path, code})),
);

/** The code after each `@example`, up to the next tag or the end of the docstring. */
export function examplesIn(text: string): readonly string[] {
	const found = text.matchAll(/^\s*\* @example\n((?:\s*\* (?!@).*\n|\s*\*\n)+)/gm);
	return [...found].map(([, lines = '']) => lines.replaceAll(/^\s*\* ?/gm, ''));
}

/** Writes them into one folder, each a module of its own, and returns the place. */
export function writeExamples(): URL {
	const folder = new URL('test-results/docs/docstrings/', root);
	rmSync(folder, {recursive: true, force: true});
	mkdirSync(folder, {recursive: true});
	writeFileSync(new URL('application.d.ts', folder), withSources(application));
	for (const [index, {path, code}] of examples.entries()) {
		const name = `${path.replaceAll('/', '-').replace('.ts', '')}-${index}.ts`;
		const alone = code.startsWith('import ');
		writeFileSync(new URL(name, folder), withSources(alone ? code : `${imports}\n{\n${code}}\n`));
	}

	return folder;
}
