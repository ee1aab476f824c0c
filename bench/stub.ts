/** The request that every case sends, and the servers that answer it at once. */
export const url = 'https://api.example.com/orders';
export const order = {cart: 42, items: [{sku: 'A-1', quantity: 2}], currency: 'EUR', total: 4999};
export const jsonType = {'content-type': 'application/json'};

export type Stub = (input: RequestInfo | URL, init?: RequestInit) => Promise<Response>;

const answer = JSON.stringify({id: 'order_1', status: 'paid', total: 4999, currency: 'EUR'});
const bytes = new TextEncoder().encode(answer);
const status = {status: 201, headers: {...jsonType, 'content-length': String(bytes.byteLength)}};
const chunked = {status: 201, headers: jsonType};

/** A body that is at hand, of a length that is told. */
export const fromString: Stub = async () => new Response(answer, status);

/** A body as it comes from the network: in chunks, of a length that is not told. */
export const fromStream: Stub = async () => {
	const body = new ReadableStream({
		start(controller) {
			controller.enqueue(bytes);
			controller.close();
		},
	});
	return new Response(body, chunked);
};
