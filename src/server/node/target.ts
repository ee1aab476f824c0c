import type {IncomingMessage} from 'node:http';

/** Path and query as they were asked for, before a router took its part of them. The host says nothing: anybody may name any. */
export function targetOf(req: IncomingMessage & {readonly originalUrl?: string}): {path: string; search: string} {
	const target = req.originalUrl ?? req.url ?? '/';
	const local = target.startsWith('/') ? target : target.replace(/^[a-z][a-z\d+.-]*:\/\/[^/?#]*/i, '');
	const [whole = ''] = local.split('#', 1);
	const at = whole.indexOf('?');
	return at < 0 ? {path: whole || '/', search: ''} : {path: whole.slice(0, at) || '/', search: whole.slice(at)};
}
