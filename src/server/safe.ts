/** Whether nothing of such a request takes effect (RFC 9110 §9.2.1). */
export function isSafe(method: string): boolean {
	return /^(GET|HEAD|OPTIONS|TRACE|QUERY)$/i.test(method);
}
