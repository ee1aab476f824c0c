import type {Carried, Dialect} from './dialect.ts';
import type {Exchange, JsonPattern, Means, Profile, Status} from './profile.ts';

const typical = {'2xx': 201, '4xx': 400, '5xx': 500};

const statusOf = (status: Status): number => (typeof status === 'number' ? status : typical[status]);

/** The row by which such an answer is made: the best attested one that says it. */
export function rowFor({exchanges}: Pick<Profile, 'exchanges'>, means: Means): Exchange | undefined {
	const rows = exchanges.filter(row => row.means === means);
	return rows.find(row => !row.secondHand) ?? rows[0];
}

/** A row read backwards: the answer of a server that means this. `resource` is what it names, where it names one. */
export function answerAs(row: Exchange, resource = 'resource_1'): Response {
	const {headers = {}, body, text} = row;
	const [status = 200] = [row.status].flat().map(statusOf);
	const said = body === undefined ? (text === undefined ? {} : {message: text}) : example(body);
	const named = row.resource === undefined ? said : withMember(said, row.resource.split('.'), resource);
	return Response.json(named, {status, headers});
}

/** An answer given again, marked as this API marks it. */
export function replayOf({replayMarker}: Pick<Profile, 'replayMarker'>, first: Response): Response {
	const {status, statusText} = first;
	const headers = new Headers(first.headers);
	if (replayMarker !== undefined) headers.set(replayMarker, 'true');
	return new Response(first.body, {status, statusText, headers});
}

/** The key that a request bears, as its server finds it; `null` where it bears none. */
export function keyIn(
	{header, carrier}: Pick<Dialect, 'header' | 'carrier'>,
	headers: Headers,
	carried: Carried,
): string | null {
	const found = carrier ? carrier.read(carried) : headers.get(header);
	return typeof found === 'string' ? found.replace(/^"(.*)"$/, '$1') : null;
}

/** The least that the pattern fits. */
function example(pattern: JsonPattern): unknown {
	if (typeof pattern !== 'object' || pattern === null) return pattern;
	if (Array.isArray(pattern)) return (pattern as readonly JsonPattern[]).map(example);
	const members = Object.entries(pattern as Record<string, JsonPattern>);
	return Object.fromEntries(members.map(([name, one]) => [name === '*' ? 'result' : name, example(one)]));
}

function withMember(value: unknown, [name = '', ...rest]: readonly string[], member: string): unknown {
	const inner = rest.length === 0 ? member : withMember((Object(value) as never)[name], rest, member);
	if (!Array.isArray(value)) return {...Object(value), [name]: inner};
	return value.map((one: unknown, index) => (String(index) === name ? inner : one));
}
