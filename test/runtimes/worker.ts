import {
	createFetch,
	memoryStore,
	type CallOptions,
	type FetchOptions,
	type OutcomeReport,
	operationOf,
} from '../../src/index.ts';
import {createClient} from '../../src/ky/index.ts';
import {toldOf} from '../support/told.ts';

/** One press of Pay. */
export type Press = {
	/** Where the API is. */
	readonly api: string;
	readonly operation: string;
	readonly body?: string;
	readonly options?: Pick<CallOptions, 'totalTimeout' | 'retry' | 'idempotencyKey'>;
	/** It has no name, only the key in its options. */
	readonly unnamed?: boolean;
	/** Gives up after this many milliseconds. */
	readonly abortAfter?: number;
	/** Gives up once this is in the story of its operation; `gave-up` is then, too. */
	readonly abortOnce?: string;
	/** Its body is a stream, which breaks once somebody else has joined. */
	readonly broken?: boolean;
	/**
	 * `await` (the default): the handler answers with what became of it. `early`: it answers at once, and leaves it to
	 * itself. `waitUntil`: as `await`, and it goes on without its client. `stay`: it answers when the operation has settled.
	 */
	readonly how?: 'await' | 'early' | 'waitUntil' | 'stay';
};

/** What a press was told, its answer read. */
export type Told = Pick<OutcomeReport, 'outcome' | 'key' | 'attempts' | 'replayed'> & {
	readonly status?: number;
	readonly text?: string;
	readonly error?: string;
};

type Context = {waitUntil(work: Promise<unknown>): void};

/** What happened to each operation, since it was first pressed. */
const stories = new Map<string, string[]>();

const storeless: FetchOptions = {
	scope: null,
	onEvent: ({operation, key, type}) => storyOf(operation?.join('/') ?? key).push(type),
};
const options = {...storeless, store: memoryStore()};

// In the global scope: workerd starts no worker that asks for I/O, a timer or a random number there.
const shop = createFetch(options);
const fetches = new Map<string, (url: string, init: RequestInit & CallOptions) => Promise<Response>>([
	['/', shop],
	['/client', createClient(options)],
	['/without-store', createFetch(storeless)],
	['/without-scope', createFetch({store: options.store})],
]);

export async function serve(request: Request, _env: unknown, context: Context): Promise<Response> {
	const {pathname, searchParams} = new URL(request.url);
	const of = searchParams.get('of') ?? '';
	if (pathname === '/story') return Response.json(storyOf(of));
	if (pathname === '/outcome') return Response.json(await told(operationOf(shop, of).outcome()));

	const press = (await request.json()) as Press;
	storyOf(press.operation).push('pressed');
	if (pathname === '/handed-on') return shop(press.api, initOf(press));
	const call = toldOf((fetches.get(pathname) ?? shop)(press.api, initOf(press)));
	if (press.how === 'early') return Response.json({});
	if (press.how === 'waitUntil') context.waitUntil(call);
	const report = await told(await call);
	if (press.how === 'stay') await untilSaid('settled', press.operation);
	return Response.json(report);
}

function initOf({operation, body = '{"cart":42}', unnamed, abortAfter, abortOnce, broken, options}: Press) {
	const named: CallOptions = unnamed ? {} : {operation};
	const init: RequestInit & CallOptions = {method: 'POST', body, ...named, ...options};
	if (abortAfter !== undefined) init.signal = AbortSignal.timeout(abortAfter);
	if (abortOnce !== undefined) init.signal = abortedOnce(abortOnce, operation);
	if (broken) init.body = brokenBody(operation);
	return init;
}

function abortedOnce(what: string, operation: string): AbortSignal {
	const controller = new AbortController();
	void untilSaid(what, operation).then(() => {
		controller.abort(new DOMException('Had enough', 'TimeoutError'));
		storyOf(operation).push('gave-up');
	});
	return controller.signal;
}

function brokenBody(operation: string): ReadableStream {
	return new ReadableStream({
		async pull() {
			await untilSaid('joined', operation);
			throw new Error('the upload broke');
		},
	});
}

async function told(report: OutcomeReport | undefined) {
	const {outcome, key, attempts, replayed, response, error} = report ?? {};
	const text = await response?.text();
	const {name, message} = error instanceof Error ? error : {};
	const what = name === 'Error' ? message : name;
	return {outcome, key, attempts, replayed, status: response?.status, text, error: what};
}

function storyOf(operation = ''): string[] {
	const story = stories.get(operation) ?? [];
	stories.set(operation, story);
	return story;
}

async function untilSaid(what: string, operation: string): Promise<void> {
	while (!storyOf(operation).includes(what)) await new Promise(resolve => setTimeout(resolve, 10));
}
