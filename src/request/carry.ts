import type {Dialect} from '../dialects/dialect.ts';
import {mistake} from '../mistake.ts';
import type {FrozenBody} from './body.ts';

type Carrying = Pick<Dialect, 'carrier'>;

/**
 * The request with this key where the dialect's carrier has it, or with none there. A key that it bears already is the
 * call's own, or a mistake.
 */
export function carry(
	{carrier}: Carrying,
	url: string,
	body: FrozenBody,
	key: string | undefined,
	own: string | undefined = key,
): {readonly url: string; readonly body: FrozenBody} {
	if (!carrier) return {url, body};
	const {content} = body;
	const text = textOf(content);
	if ((carrier.read({url, body: text}) ?? own) !== own)
		throw mistake('the request bears another idempotency key than its call; nothing was sent');
	const written = carrier.write({url, body: text}, key);
	if (written.body === text || written.body === undefined) return {url: written.url, body};
	const as = typeof content === 'string' ? written.body : new TextEncoder().encode(written.body);
	return {url: written.url, body: {...(body as {readonly type?: string}), content: as}};
}

/** Text, or bytes as text; anything else bears no key. */
export function textOf(content: unknown): string | undefined {
	if (typeof content === 'string') return content;
	return content instanceof Uint8Array ? new TextDecoder().decode(content) : undefined;
}
