/** What a page of another origin has to be allowed to send, and to read, for a guard to be of use to it. */
export const corsHeaders: Readonly<Record<'allow' | 'expose', readonly string[]>> = {
	allow: ['Idempotency-Key'],
	expose: ['Idempotent-Replayed', 'Retry-After', 'X-Should-Retry'],
};

/**
 * The response with these headers added to what it allows and exposes to pages of other origins. The origin itself is
 * left to whoever decides about it.
 *
 * @example return withCors(await pay(request));
 * @see https://fetch.spec.whatwg.org/#http-access-control-expose-headers
 */
export function withCors(response: Response): Response {
	const {status, statusText, body} = response;
	const headers = new Headers(response.headers);
	const add = (name: string, values: readonly string[]) => {
		const there = (headers.get(name) ?? '').toLowerCase().split(/\s*,\s*/);
		for (const value of values) if (!there.includes(value.toLowerCase())) headers.append(name, value);
	};
	add('access-control-allow-headers', corsHeaders.allow);
	add('access-control-expose-headers', corsHeaders.expose);
	return new Response(body, {status, statusText, headers});
}
