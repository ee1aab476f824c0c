import {afterAll, beforeAll} from 'vitest';
import {engines, type Engine} from './engine.ts';
import {startShop, type Shop} from './shop.ts';

/** An engine of that kind and a shop, there for the tests of one `describe`. */
export function onEngine(kind: keyof typeof engines): {readonly engine: Engine; readonly shop: Shop} {
	const here = {} as {engine: Engine; shop: Shop};
	beforeAll(async () => {
		here.engine = await engines[kind]();
		here.shop = await startShop();
	}, 60_000);
	afterAll(async () => {
		await here.shop.close();
		await here.engine.stop();
	});
	return here;
}
