/** What makes a request this request: everything that a repeat under the same key must have in common with the first. */
export type Payload = {readonly head: string; readonly body: Uint8Array};

/** Reads a copy: the request itself stays unread. */
export async function payloadOf(request: Request): Promise<Payload> {
	const contentType = request.headers.get('content-type') ?? '';
	const body = new Uint8Array(await request.clone().arrayBuffer());
	return {head: [request.method, request.url, contentType.replace(/;\s*boundary=[^;]*/i, '')].join('\n'), body};
}

export function isSame(one: Payload, other: Payload): boolean {
	return (
		one.head === other.head &&
		one.body.length === other.body.length &&
		one.body.every((byte, index) => byte === other.body[index])
	);
}
