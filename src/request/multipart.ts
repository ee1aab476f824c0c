/** The parts of a form, in their order. */
export type FormEntries = ReadonlyArray<readonly [name: string, value: string | File]>;

/** A file that was parsed is as old as the parsing, which would make every reading of the same Request another one. */
export function timeless(form: FormData): FormEntries {
	return Array.from(form, ([name, value]) => [
		name,
		typeof value === 'string' ? value : new File([value], value.name, {type: value.type, lastModified: 0}),
	]);
}

/**
 * The bytes of a form, as browsers encode it; files are referred to, not read.
 * https://html.spec.whatwg.org/multipage/form-control-infrastructure.html#multipart-form-data
 */
export function encodeMultipart(entries: FormEntries, boundary: string): Blob {
	const parts: BlobPart[] = [];
	for (const [name, value] of entries) {
		const head = `--${boundary}\r\nContent-Disposition: form-data; name="${escape(toCrlf(name))}"`;
		if (typeof value === 'string') parts.push(`${head}\r\n\r\n${toCrlf(value)}\r\n`);
		else {
			const type = value.type || 'application/octet-stream';
			parts.push(`${head}; filename="${escape(value.name)}"\r\nContent-Type: ${type}\r\n\r\n`, value, '\r\n');
		}
	}

	parts.push(`--${boundary}--\r\n`);
	return new Blob(parts);
}

/** A boundary that is the same for the same seed, after a reload too. A hash does not occur in what it separates. */
export function boundaryOf(seed: string): string {
	return `----latchkey${seed.slice(0, 32)}`;
}

function toCrlf(text: string): string {
	return text.replace(/\r\n?|\n/g, '\r\n');
}

function escape(text: string): string {
	return text.replaceAll('\n', '%0A').replaceAll('\r', '%0D').replaceAll('"', '%22');
}
