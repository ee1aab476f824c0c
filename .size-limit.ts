/** What each entry may weigh, with all its dependencies, minified, under brotli. Lazy chunks are not counted. */
const budgets = [
	{
		name: 'createFetch under the node condition',
		path: 'dist/index.js',
		import: '{ createFetch }',
		limit: '29.8 kB',
		node: true,
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
	{name: 'server/node', path: 'dist/server/node/index.js', import: '{ idempotent }', limit: '10 kB', node: true},
	{
		name: 'consumer',
		path: 'dist/consumer/index.js',
		import: '{ onceOnly, postgresInbox }',
		limit: '8.8 kB',
		node: true,
	},
	{name: 'consumer, all of it', path: 'dist/consumer/index.js', import: '*', limit: '11.6 kB', node: true},
	{name: 'stores/indexeddb', path: 'dist/stores/indexeddb.js', import: '*', limit: '4.1 kB'},
	{name: 'stores/sqlite', path: 'dist/stores/sqlite.js', import: '*', limit: '6.6 kB', node: true},
	{name: 'stores/redis', path: 'dist/stores/redis.js', import: '*', limit: '7.1 kB', node: true},
	{name: 'stores/postgres', path: 'dist/stores/postgres.js', import: '*', limit: '6.6 kB', node: true},
	{name: 'dialects: stripe', path: 'dist/dialects/index.js', import: '{ stripe }', limit: '4 kB'},
];

const underNode = (config: object) => ({...config, platform: 'node'});

export default budgets.map(({node, ...budget}) => ({
	...budget,
	entry: 'index',
	...(node && {modifyRolldownConfig: underNode}),
}));
