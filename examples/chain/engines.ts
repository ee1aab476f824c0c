import {mkdtemp} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {chromium} from 'playwright';
import {chromiumOptions} from '../../test/support/chromium.ts';
import {startPostgres} from '../../test/support/postgres-server.ts';
import {startRedis} from '../../test/support/redis-server.ts';
import {cleanUpAfter} from '../../test/support/undertaker.ts';
import type {Engines} from './lane.ts';
import {pageFiles} from './page/files.ts';
import {startBroker} from './parts/broker.ts';

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
