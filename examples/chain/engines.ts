import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium, type Browser} from 'playwright';
import {chromiumOptions} from '../../test/support/chromium.ts';
import {startPostgres} from '../../test/support/postgres-server.ts';
import {startRedis} from '../../test/support/redis-server.ts';
import {cleanUpAfter} from '../../test/support/undertaker.ts';
import {pageFiles} from './page/files.ts';
import {startBroker} from './parts/broker.ts';

/** What lanes share. */
export type Engines = {
	readonly postgres: string;
	readonly redis: string;
	readonly broker: string;
	readonly browser: Browser;
	/** A folder where Node keeps what it has compiled: parts start often. */
	readonly cache: string;
	/** Its files by name. */
	readonly page: ReadonlyMap<string, Uint8Array>;
};

/** Engines of their own for some lanes; disposing stops them. */
export async function startEngines(): Promise<Engines & AsyncDisposable> {
	await using starting = new AsyncDisposableStack();
	const postgres = starting.adopt(await startPostgres('-c', 'max_connections=200'), async it => it.remove());
	const redis = starting.adopt(await startRedis('--appendonly', 'no'), async it => it.close());
	const broker = starting.adopt(await startBroker(), async it => it.stop());
	const browser = starting.adopt(await chromium.launch(chromiumOptions), async it => it.close());
	const cache = await mkdtemp(join(tmpdir(), 'latchkey-chain-'));
	starting.defer(cleanUpAfter({folder: cache, pidFile: 'none', signal: 'TERM'}));
	const page = await pageFiles();
	const running = starting.move();
	return {
		postgres: postgres.url,
		redis: redis.url,
		broker: broker.address,
		browser,
		cache,
		page,
		[Symbol.asyncDispose]: async () => running.disposeAsync(),
	};
}
