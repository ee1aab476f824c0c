/**
 * How long the server asks to wait, in milliseconds: `retry-after-ms`, or `Retry-After` in seconds or as a date.
 * `undefined` when it does not say, or says it in a form that RFC 9110 §10.2.3 does not know (negative, garbage).
 *
 * A date is measured against the answer's own `Date`, where it has one: the two clocks may differ.
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
	const read = (name: string) => headers.get(name)?.trim() ?? '';
	const ms = read('retry-after-ms');
	if (decimal.test(ms)) return Number(ms);
	const value = read('retry-after');
	if (decimal.test(value)) return Number(value) * 1000;
	const wait = httpDate(value) - (httpDate(read('date')) || now);
	return Number.isNaN(wait) ? undefined : Math.max(0, wait);
}

const decimal = /^\d+(\.\d+)?$/;

/** In the three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, and asctime, which is in UTC without saying so. */
function httpDate(value: string): number {
	const known = /^[A-Z][a-z]+,? .+:\d\d( GMT| \d{4})$/.test(value);
	return known ? Date.parse(value.replace(/( GMT)?$/, ' GMT')) : Number.NaN;
}
