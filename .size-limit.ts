type Budget = {name: string; path: string; import: string; limit: string; runtime?: 'node' | 'edge'};

/** What each entry may weigh, with all its dependencies, minified, under brotli. Lazy chunks are not counted. */
const budgets: readonly Budget[] = [
	{
		name: 'createFetch under the node condition',
		path: 'dist/index.js',
		import: '{ createFetch }',
		limit: '29.8 kB',
		runtime: 'node',
	},
	{
		name: 'createFetch as a browser bundle with its default IndexedDB store',
		path: 'dist/index.js',
		import: '{ createFetch }',
		limit: '29.8 kB',
	},
	{name: 'ky', path: 'dist/ky/index.js', import: '{ createClient }', limit: '38.3 kB'},
	{name: 'contentKey', path: 'dist/index.js', import: '{ contentKey }', limit: '1.3 kB'},
	{name: 'fromContent', path: 'dist/index.js', import: '{ fromContent }', limit: '100 B'},
	{name: 'server', path: 'dist/server/index.js', import: '{ idempotent }', limit: '6.8 kB'},
	{
		name: 'server in an edge worker',
		path: 'dist/server/index.js',
		import: '{ idempotent }',
		limit: '6.7 kB',
		runtime: 'edge',
	},
	{name: 'server/node', path: 'dist/server/node/index.js', import: '{ idempotent }', limit: '10 kB', runtime: 'node'},
	{
		name: 'consumer',
		path: 'dist/consumer/index.js',
		import: '{ onceOnly, postgresInbox }',
		limit: '8.8 kB',
		runtime: 'node',
	},
	{name: 'consumer, all of it', path: 'dist/consumer/index.js', import: '*', limit: '11.6 kB', runtime: 'node'},
	{name: 'stores/indexeddb', path: 'dist/stores/indexeddb.js', import: '*', limit: '4.1 kB'},
	{name: 'stores/sqlite', path: 'dist/stores/sqlite.js', import: '*', limit: '6.6 kB', runtime: 'node'},
	{name: 'stores/redis', path: 'dist/stores/redis.js', import: '*', limit: '7.1 kB', runtime: 'node'},
	{name: 'stores/postgres', path: 'dist/stores/postgres.js', import: '*', limit: '6.6 kB', runtime: 'node'},
	{name: 'dialects: stripe', path: 'dist/dialects/index.js', import: '{ stripe }', limit: '4 kB'},
];

const runtimes = {
	node: {platform: 'node'},
	edge: {resolve: {conditionNames: ['workerd', 'worker', 'browser', 'import', 'default']}},
};

export default budgets.map(({runtime, ...budget}) => ({
	...budget,
	entry: 'index',
	...(runtime && {modifyRolldownConfig: (config: object) => ({...config, ...runtimes[runtime]})}),
}));
