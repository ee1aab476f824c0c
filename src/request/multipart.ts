import {bytesOf, concat} from '../bytes.ts';
import type {FrozenBlob} from './blob.ts';
import type {PlainBody} from './body.ts';
import type {FormEntries} from './form.ts';

/**
 * The bytes of a form, as browsers encode it; files that fetch knows are referred to, not read.
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function encodeMultipart(entries: FormEntries, boundary: string): FrozenBlob {
	const parts: Array<string | FrozenBlob> = [];
	for (const [name, value] of entries) {
		const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(toCrlf(name))}"`;
		if (typeof value === 'string') parts.push(`${head}\r\n\r\n${toCrlf(value)}\r\n`);
		else {
			const type = value.type || 'application/octet-stream';
			parts.push(`${head}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value.content, '\r\n');
		}
	}

	parts.push(`--${boundary}--\r\n`);
	// Not every runtime makes a Blob of bytes, and a polyfill's Blob is none to fetch.
	const bytes = parts.map(bytesOf).filter(part => part !== undefined);
	return bytes.length === parts.length ? concat(bytes) : new Blob(parts);
}

/** A boundary that is the same for the same seed, after a reload too. A hash does not occur in what it separates. */
export function boundaryOf(seed: string): string {
	return `----latchkey${seed.slice(0, 32)}`;
}

function toCrlf(text: string): string {
	return text.replace(/\r\n?|\n/g, '\r\n');
}

function escape(text: string): string {
	return text.replace(/[\n\r"]/g, encodeURIComponent);
}

/** The body that is sent, and its content type: the same for the same seed, which is in hex. */
export function encodeForm(entries: FormEntries, seed: string): PlainBody {
	const boundary = boundaryOf(seed);
	return {content: encodeMultipart(entries, boundary), type: `multipart/form-data; boundary=${boundary}`};
}
