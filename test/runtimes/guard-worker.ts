import {idempotent, memoryEntries, type GuardOptions} from '../../src/server/index.ts';

type Context = {waitUntil(work: Promise<unknown>): void};
type Rest = readonly [env: unknown, context: Context];

/** What has begun, by its key, and what may end. */
const begun: string[] = [];
const opened = new Set<string>();

const options: GuardOptions<Rest> = {
	store: memoryEntries(),
	scope: request => request.headers.get('x-user') ?? new Response(null, {status: 401}),
};

// In the global scope: workerd starts no worker that asks for I/O, a timer or a random number there.
const kept = idempotent<Rest>(pay, {
	...options,
	waitUntil(work, _request, _env, context) {
		context.waitUntil(work);
	},
});
const guards = new Map([
	['/pay', kept],
	['/without', idempotent<Rest>(pay, options)],
	['/waits', idempotent<Rest>(pay, {...options, name: 'waits', waiting: 10_000})],
]);

/** Works until it is let. */
async function pay(
	request: Request,
	{idempotencyKey = '', key}: {idempotencyKey: string | undefined; key: (step: string) => string},
) {
	begun.push(idempotencyKey);
	const {amount} = (await request.json()) as {amount: number};
	while (request.headers.has('x-hold') && !opened.has(idempotencyKey))
		await new Promise(resolve => setTimeout(resolve, 10));
	return Response.json({amount, user: request.headers.get('x-user'), charge: key('charge')}, {status: 201});
}

export async function serve(request: Request, env: unknown, context: Context): Promise<Response> {
	const {pathname, searchParams} = new URL(request.url);
	const of = searchParams.get('of') ?? '';
	if (pathname === '/begun') return Response.json(begun.filter(key => key === of).length);
	if (pathname === '/open') opened.add(of);
	const guard = guards.get(pathname);
	return guard ? guard(request, env, context) : new Response('open');
}
