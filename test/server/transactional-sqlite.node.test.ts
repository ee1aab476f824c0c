import {spawn} from 'node:child_process';
import {once} from 'node:events';
import {DatabaseSync} from 'node:sqlite';
import {expect, test} from 'vitest';
import {clock} from '../../src/clock.ts';
import {sqliteTransactionalIn, type SqliteAnswer} from '../../src/server/transactional/sqlite.ts';
import {transactional, type SqliteTransactionalOptions} from '../../src/server/sqlite.ts';
import {isBusy} from '../../src/server/transactional/sqlite-table.ts';
import {lock, projectFolder, rowsOf, runOn, scriptArguments, temporaryFolder} from '../stores/sqlite-folder.ts';
import {codeOf, payment} from './shop.ts';

const {freshFile} = temporaryFolder();

type Options = Partial<SqliteTransactionalOptions<DatabaseSync>>;
type Effect = (
	amount: number,
	run: {database: DatabaseSync; operation: {key: (step: string) => string}},
) => SqliteAnswer;

/** Charges in a file, and a guard whose keys are beside them. */
async function someBank(options: Options = {}, file = freshFile()) {
	runOn(file, 'CREATE TABLE IF NOT EXISTS charges (amount INTEGER)');
	const database = new DatabaseSync(file);
	let passed = 0;
	const environment = {...clock, now: () => 1_000_000 + passed};
	const guards = sqliteTransactionalIn(environment, {database, scope: null, ...options});
	await guards.setup();
	return {
		file,
		database,
		guards,
		guard: (effect: Effect) =>
			guards({
				prepare: async request => ((await request.json()) as {amount: number}).amount,
				effect,
			}),
		elapse(ms: number) {
			passed += ms;
		},
		charges: () => rowsOf(file, 'SELECT amount FROM charges').length,
		keys: () => rowsOf(file, 'SELECT id FROM latchkey_keys').length,
	};
}

const charge: Effect = (amount, {database}) => {
	database.prepare('INSERT INTO charges VALUES (?)').run(amount);
	return {status: 201, headers: {'content-type': 'application/json'}, body: JSON.stringify({charged: amount})};
};
const hasReplayed = (response: Response) => response.headers.get('idempotent-replayed') === 'true';

test('of 40 at once over two connections one takes effect, and all get its answer', async () => {
	const one = await someBank();
	const other = await someBank({}, one.file);
	const guards = [one.guard(charge), other.guard(charge)];
	const responses = await Promise.all(Array.from({length: 40}, async (_, i) => guards[i % 2]!(payment())));
	expect(new Set(await Promise.all(responses.map(async it => it.text())))).toEqual(new Set(['{"charged":1}']));
	expect(responses.filter(it => !hasReplayed(it))).toHaveLength(1);
	expect([one.charges(), one.keys()]).toEqual([1, 1]);
});

test('another payload under the key is refused', async () => {
	const {guard} = await someBank();
	const pay = guard(charge);
	await pay(payment());
	const response = await pay(payment({body: '{"amount":2}'}));
	expect([response.status, await codeOf(response)]).toEqual([422, 'idempotency-key-reused']);
});

test('two users with one key are two', async () => {
	const scope = (request: Request) => request.headers.get('x-user') ?? new Response(null, {status: 401});
	const {guard, charges} = await someBank({scope});
	const pay = guard(charge);
	for (const user of ['ann', 'bob', 'ann']) await pay(payment({headers: {'x-user': user}}));
	expect(charges()).toBe(2);
	expect((await pay(payment())).status).toBe(401);
});

test.each([
	['binary', new Uint8Array(256).map((_, i) => i), 201],
	['text', 'grüße', 200],
	['empty', '', 200],
	['none', null, 204],
])('a body that is %s is the same again', async (_, body, status) => {
	const {guard} = await someBank({omitHeaders: ['X-Left']});
	const pay = guard(() => ({status, body, headers: {'set-cookie': 'no', 'x-left': 'out', 'x-one': 'a'}}));
	const first = await pay(payment());
	const again = await pay(payment());
	expect(hasReplayed(again)).toBe(true);
	expect([again.headers.get('set-cookie'), again.headers.get('x-left'), again.headers.get('x-one')]).toEqual([
		null,
		null,
		'a',
	]);
	expect(new Uint8Array(await again.arrayBuffer())).toEqual(new Uint8Array(await first.arrayBuffer()));
});

test.each([500, 503, 409, 401])('an answer of %d undoes what was written, and frees the key', async status => {
	const {guard, charges, keys} = await someBank();
	const statuses = [status, 201];
	const pay = guard((amount, run) => ({...charge(amount, run), status: statuses.shift() ?? 0}));
	expect((await pay(payment())).status).toBe(status);
	expect([charges(), keys()]).toEqual([0, 0]);
	expect((await pay(payment())).status).toBe(201);
	expect([charges(), keys()]).toEqual([1, 1]);
});

test('a throw after a write undoes it, and frees the key', async () => {
	const {guard, charges, keys} = await someBank();
	const pay = guard((amount, run) => {
		charge(amount, run);
		throw new Error('on fire');
	});
	await expect(pay(payment())).rejects.toThrow('on fire');
	expect([charges(), keys()]).toEqual([0, 0]);
});

test('a Response that is thrown undoes what was written, and is the answer', async () => {
	const {guard, charges, keys} = await someBank();
	const pay = guard((amount, run) => {
		charge(amount, run);
		throw Response.json({declined: true}, {status: 402});
	});
	expect(hasReplayed(await pay(payment()))).toBe(false);
	const again = await pay(payment());
	expect([again.status, hasReplayed(again), await again.json()]).toEqual([402, true, {declined: true}]);
	expect([charges(), keys()]).toEqual([0, 1]);
});

test('an effect that is asynchronous is refused, and what it writes later, too', async () => {
	const {guard, charges, keys} = await someBank();
	let late: Promise<unknown> = Promise.resolve();
	const effect = (amount: number, run: {database: DatabaseSync; operation: {key: (step: string) => string}}) => {
		const statement = run.database.prepare('INSERT INTO charges VALUES (?)');
		const slow = async () => {
			charge(amount, run);
			await Promise.resolve();
			expect(() => statement.run(2)).toThrow('is over');
			return charge(amount, run);
		};
		late = slow();
		return late as unknown as SqliteAnswer;
	};
	await expect(guard(effect)(payment())).rejects.toThrow(TypeError);
	await expect(late).rejects.toThrow('is over');
	expect([charges(), keys()]).toEqual([0, 0]);
});

test('an effect may prepare as many statements as it likes', async () => {
	const {guard, charges} = await someBank();
	const pay = guard((amount, {database}) => {
		const insert = database.prepare('INSERT INTO charges VALUES (?)');
		const again = database.prepare('INSERT INTO charges VALUES (? + 1)');
		const count = database.prepare('SELECT count(*) AS count FROM charges');
		for (const statement of [insert, again]) statement.run(amount);
		return {status: 201, body: JSON.stringify(count.get())};
	});
	expect(await (await pay(payment())).json()).toEqual({count: 2});
	expect(charges()).toBe(2);
});

test('what is no handler in two parts, or answers a Response, is told what to do', async () => {
	const {guard, guards, charges} = await someBank();
	expect(() => guards((() => undefined) as never)).toThrow('takes {prepare, effect}');
	const pay = guard((amount, run) => {
		charge(amount, run);
		return Response.json({}) as unknown as SqliteAnswer;
	});
	await expect(pay(payment())).rejects.toThrow('a Response can only be thrown');
	expect(charges()).toBe(0);
});

test('an answer that cannot be one undoes what was written', async () => {
	const {guard, charges} = await someBank();
	const pay = guard((amount, run) => ({...charge(amount, run), status: 42}));
	await expect(pay(payment())).rejects.toThrow(RangeError);
	expect(charges()).toBe(0);
});

test('an effect that commits by itself cannot have its key run again', async () => {
	const {guard} = await someBank();
	const pay = guard((amount, run) => {
		charge(amount, run);
		run.database.exec('COMMIT');
		throw new Error('after the commit');
	});
	await expect(pay(payment())).rejects.toThrow('after the commit');
	expect(await codeOf(await pay(payment()))).toBe('idempotency-outcome-unknown');
});

test('an effect that rolls back by itself is no success', async () => {
	const {guard, keys} = await someBank();
	const pay = guard((amount, run) => {
		run.database.exec('ROLLBACK');
		return charge(amount, run);
	});
	await expect(pay(payment())).rejects.toThrow('over before its end');
	expect(keys()).toBe(0);
});

test('a file that is locked is waited for without blocking, then told', async () => {
	const {guard, file, charges, database} = await someBank({storeTimeout: 60});
	database.exec('PRAGMA busy_timeout = 4000');
	const pay = guard(charge);
	const other = lock(file);
	let ticks = 0;
	const ticking = setInterval(() => ticks++, 1);
	const response = await pay(payment());
	clearInterval(ticking);
	expect([response.status, response.headers.get('retry-after'), await codeOf(response)]).toEqual([
		503,
		'1',
		'idempotency-store-unavailable',
	]);
	expect(ticks).toBeGreaterThan(3);
	other.release();
	expect((await pay(payment())).status).toBe(201);
	expect(charges()).toBe(1);
	// The connection is somebody's.
	expect(database.prepare('PRAGMA busy_timeout').get()).toEqual({timeout: 4000});
});

test('after its retention a key runs again, and is swept', async () => {
	const {guard, guards, elapse, charges} = await someBank({retention: 1_000});
	const pay = guard(charge);
	await pay(payment());
	elapse(999);
	expect([hasReplayed(await pay(payment())), await guards.sweep()]).toEqual([true, 0]);
	elapse(1);
	expect(hasReplayed(await pay(payment()))).toBe(false);
	expect(charges()).toBe(2);
	elapse(1_000);
	expect([await guards.sweep(), await guards.sweep()]).toEqual([1, 0]);
});

test('a large body is told as executed, and so is every one where only keys are kept', async () => {
	for (const options of [{bodyLimit: 5}, {answers: 'drop'}] as const) {
		const {guard} = await someBank(options);
		const pay = guard(charge);
		expect(await (await pay(payment())).json()).toEqual({charged: 1});
		expect(await codeOf(await pay(payment()))).toBe('idempotency-already-executed');
	}
});

test('who sends no key may have one of the content, or none', async () => {
	const {guard, charges, keys} = await someBank({keyFrom: 'content'});
	const pay = guard(charge);
	await pay(payment({key: null}));
	expect(hasReplayed(await pay(payment({key: null})))).toBe(true);
	expect([charges(), keys()]).toEqual([1, 1]);
	const free = await someBank({required: false});
	const pays = free.guard(charge);
	await pays(payment({key: null}));
	await pays(payment({key: null}));
	expect([free.charges(), free.keys()]).toEqual([2, 0]);
});

test('what prepare throws runs nothing', async () => {
	const {guards, keys} = await someBank();
	const pay = guards({
		prepare() {
			throw new Response('no such account', {status: 404});
		},
		effect: () => ({status: 200}),
	});
	expect((await pay(payment())).status).toBe(404);
	expect(keys()).toBe(0);
});

test.each(['before', 'after'])('killed %s the commit: the repeat does it once, or gets the answer', async when => {
	const {file, charges} = await someBank();
	const script = (source: (path: string) => string) => `
		import {DatabaseSync} from 'node:sqlite';
		import {transactional} from ${source('server/sqlite.ts')};
		const inTransaction = transactional({database: new DatabaseSync(${JSON.stringify(file)}), scope: null});
		const die = () => process.kill(process.pid, 'SIGKILL');
		const pay = inTransaction({prepare: () => 1, effect(amount, {database}) {
			database.prepare('INSERT INTO charges VALUES (?)').run(amount);
			if (${JSON.stringify(when)} === 'before') die();
			return {status: 201, body: 'first'};
		}});
		const headers = {'content-type': 'application/json', 'idempotency-key': 'key-1'};
		await pay(new Request('https://shop.test/pay', {method: 'POST', body: '{"amount":1}', headers}));
		die();
	`;
	const child = spawn(process.execPath, scriptArguments(script), {cwd: projectFolder, stdio: 'inherit'});
	const [, signal] = (await once(child, 'exit')) as [number | null, string | null];
	expect(signal).toBe('SIGKILL');
	expect(charges()).toBe(when === 'before' ? 0 : 1);
	// The clock of the other process is the real one.
	const real = transactional({database: new DatabaseSync(file), scope: null})({prepare: () => 1, effect: charge});
	expect(hasReplayed(await real(payment()))).toBe(when === 'after');
	expect(charges()).toBe(1);
});

test('a lock is known by the codes of both drivers', () => {
	expect([{errcode: 517}, {code: 'SQLITE_BUSY_SNAPSHOT'}, {code: 'SQLITE_FULL', errcode: 13}].map(isBusy)).toEqual([
		true,
		true,
		false,
	]);
});

test.each([undefined, {}, {database: {}, scope: null}, {database: {exec() {}, prepare() {}}, scope: null, waiting: 5}])(
	'%o is refused',
	options => {
		expect(() => transactional(options as never)).toThrow(/^latchkey: /);
	},
);
