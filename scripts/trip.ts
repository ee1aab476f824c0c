/**
 * How far one call travels through the sources: which files and functions, how often from one file into another, and how
 * often back into one that it had left. A POST that is answered at once with 201, over a mocked fetch, after one warm-up;
 * packages that are imported count too. `--steps` shows the way of the named POST, step by step.
 */
import {relative} from 'node:path';
import {parseArgs} from 'node:util';
import {stepsOf, tripOf, watchSteps, type Trip} from './steps.ts';

watchSteps(file => !file.startsWith(import.meta.dirname));
const {createFetch, memoryStore} = await import('../src/index.ts');
const {default: ky} = await import('ky');
const {ExponentialBackoff, handleAll, retry, timeout, TimeoutStrategy, wrap} = await import('cockatiel');
const {MutationObserver, QueryClient} = await import('@tanstack/query-core');

const {values} = parseArgs({options: {steps: {type: 'boolean', default: false}}});
const url = 'https://api.example.com/orders';
const order = {method: 'POST', headers: {'content-type': 'application/json'}, body: '{"cart":42}'};
const stub = async () => Response.json({paid: true}, {status: 201});

const fetch = createFetch({fetch: stub, store: memoryStore(), scope: null});
let cart = 0;
const named = async () => fetch(url, {...order, operation: ['checkout', cart++]});
const policy = wrap(
	retry(handleAll, {maxAttempts: 3, backoff: new ExponentialBackoff()}),
	timeout(20_000, TimeoutStrategy.Aggressive),
);
const client = new QueryClient();
const kyClient = ky.create({fetch: stub});

const calls: ReadonlyArray<readonly [string, () => Promise<unknown>]> = [
	['latchkey, named', named],
	['latchkey, operation: true', async () => fetch(url, {...order, operation: true})],
	['latchkey, not keyed', async () => fetch(url, order)],
	['ky', async () => kyClient.post(url, {json: {cart: 42}})],
	['cockatiel, retry and time-out', async () => policy.execute(stub)],
	['query-core, a mutation', async () => new MutationObserver(client, {mutationFn: stub, retry: 3}).mutate()],
];

const table: Record<string, Trip> = {};
for (const [name, call] of calls) {
	await call();
	const steps = await stepsOf(call);
	table[name] = tripOf(steps);
	if (values.steps && call === named)
		for (const {file, line} of steps) console.log(`${relative(process.cwd(), file)}:${line}`);
}

console.table(table);
client.clear();
