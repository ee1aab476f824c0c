import type {Store} from '../../src/stores/store.ts';

type At<Engine extends string, Where> = Where & {
	readonly engine: Engine;
	/** In milliseconds; the store's own default where it is left out. */
	readonly lease?: number;
};
type SqlitePlace = At<'sqlite', {readonly path: string}>;
type RedisPlace = At<'redis', {readonly url: string; readonly prefix: string}>;
type PostgresPlace = At<'postgres', {readonly url: string; readonly table: string}>;

/** Where a store is that several processes share. It goes to each of them as JSON. */
export type Place = SqlitePlace | RedisPlace | PostgresPlace;

export type OpenStore = {readonly store: Store; readonly close: () => Promise<void>};

/** Loads only what the engine needs, because processes are to start quickly. */
export async function openStore(place: Place): Promise<OpenStore> {
	if (place.engine === 'sqlite') return openSqlite(place);
	return place.engine === 'redis' ? openRedis(place) : openPostgres(place);
}

async function openSqlite({engine: _, ...place}: SqlitePlace): Promise<OpenStore> {
	const {sqliteStore} = await import('../../src/stores/sqlite.ts');
	const store = sqliteStore(place);
	return {store, close: async () => store.close?.()};
}

async function openRedis({engine: _, url, ...place}: RedisPlace): Promise<OpenStore> {
	const [{Redis}, {redisStore}] = await Promise.all([import('ioredis'), import('../../src/stores/redis.ts')]);
	const client = new Redis(url, {lazyConnect: true});
	client.on('error', () => undefined);
	await client.connect();
	return {
		store: redisStore({...place, client}),
		close: async () => {
			client.disconnect();
		},
	};
}

async function openPostgres({engine: _, url, ...place}: PostgresPlace): Promise<OpenStore> {
	const [{Pool}, {postgresStore}] = await Promise.all([import('pg'), import('../../src/stores/postgres.ts')]);
	const pool = new Pool({connectionString: url});
	pool.on('error', () => undefined);
	const store = postgresStore({...place, pool});
	await store.setup();
	return {store, close: async () => pool.end()};
}
