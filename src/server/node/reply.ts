import {ServerResponse} from 'node:http';
import {Socket} from 'node:net';
import type {KeptAnswer} from '../entry.ts';
import type {Copied} from '../kept.ts';
import {setHeaders} from './headers.ts';

/** An answer to a request of `node:http`. */
export type NodeAnswer = {
	readonly status: number;
	/** Lets the caller have it. */
	readonly give: () => void;
	readonly copied: (limit: number, omitted: readonly string[]) => Copied<NodeAnswer>;
};

/** Writes an answer of the guard, beside the headers that are there already. */
export function replyOn(res: ServerResponse, kept: KeptAnswer): NodeAnswer {
	const {status, statusText, headers, body} = kept;
	const answer: NodeAnswer = {
		status,
		copied: () => ({kept, response: answer}),
		give() {
			if (res.destroyed || res.headersSent) return;
			res.statusCode = status;
			if (statusText) res.statusMessage = statusText;
			setHeaders(res, headers);
			endWith(res, res.end as (...last: unknown[]) => unknown, body);
		},
	};
	return answer;
}

/**
 * Node writes headers as latin1, and in one piece with what is latin1, too: half the time that they take with bytes. What has been
 * put before `end` gets bytes, which it cannot mistake.
 */
export function endWith<Res extends Pick<ServerResponse, 'socket'>>(
	res: Res,
	end: (this: Res, ...last: unknown[]) => unknown,
	body: Uint8Array | null | undefined,
): void {
	const plain = body && (end as unknown) === ServerResponse.prototype.end && res.socket instanceof Socket;
	if (plain) end.call(res, bufferOf(body).toString('latin1'), 'latin1');
	else end.call(res, body ?? undefined);
}

function bufferOf(bytes: Uint8Array): Buffer {
	return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
