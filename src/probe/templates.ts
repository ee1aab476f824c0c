/** `{{uuid}}` stands for one value in all places of an operation, and for another in the next operation. */
export function fill(template: string, uuid: string): string {
	return template.replaceAll('{{uuid}}', uuid);
}

/** In a URL, braces may have been escaped. */
export function fillUrl(url: URL, uuid: string): URL {
	return new URL(url.href.replaceAll(/(?:\{\{|%7B%7B)uuid(?:\}\}|%7D%7D)/gi, uuid));
}
