import type {ServerResponse} from 'node:http';
import {tellGuarded} from '../../utils.ts';
import type {KeptAnswer} from '../entry.ts';
import {replyOn} from './reply.ts';

/** Hands over to what comes next, or to what handles errors. */
export type Next = (error?: unknown) => void;

/** What is answered where nobody else answers. */
export const failure: KeptAnswer = {status: 500, statusText: '', headers: [], body: null};

/** Hands on what a handler threw. In `node:http` nobody takes it: it would end the process. */
export function failing<Req, Res extends ServerResponse>(
	onError: (error: unknown, req: Req, res: Res) => void,
	req: Req,
	res: Res,
	next: Next | undefined,
): (error: unknown) => void {
	return error => {
		if (next) {
			next(error);
			return;
		}

		tellGuarded(onError, error, req, res);
		if (!res.headersSent) replyOn(res, failure).give();
		else if (!res.writableEnded) res.destroy();
	};
}
