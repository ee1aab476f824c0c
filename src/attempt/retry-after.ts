/**
 * How long the server asks to wait, in milliseconds: `retry-after-ms`, or `Retry-After` in seconds or as a date.
 * `undefined` when it does not say, or says it in a form that RFC 9110 §10.2.3 does not know (negative, garbage).
 *
 * A date is measured against the answer's own `Date`, where it has one: the two clocks may differ.
 */
export function retryAfter(headers: Headers, now: number): number | undefined {
	const ms = headers.get('retry-after-ms')?.trim();
	if (ms !== undefined && /^\d+(\.\d+)?$/.test(ms)) return Number(ms);

	const value = headers.get('retry-after')?.trim();
	if (value === undefined) return undefined;
	if (/^\d+(\.\d+)?$/.test(value)) return Number(value) * 1000;

	const date = httpDate(value);
	if (date === undefined) return undefined;
	return Math.max(0, date - (httpDate(headers.get('date') ?? '') ?? now));
}

const day = '(Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*';
/** The three forms of RFC 9110 §5.6.7: IMF-fixdate, RFC 850, asctime (which is in UTC without saying so). */
const forms = [
	new RegExp(`^${day}, \\d{2} [A-Z][a-z]{2} \\d{4} \\d{2}:\\d{2}:\\d{2} GMT$`),
	new RegExp(`^${day}, \\d{2}-[A-Z][a-z]{2}-\\d{2} \\d{2}:\\d{2}:\\d{2} GMT$`),
	new RegExp(`^${day} [A-Z][a-z]{2} [ \\d]\\d \\d{2}:\\d{2}:\\d{2} \\d{4}$`),
];

function httpDate(value: string): number | undefined {
	if (!forms.some(form => form.test(value))) return undefined;
	const time = Date.parse(value.endsWith('GMT') ? value : `${value} GMT`);
	return Number.isNaN(time) ? undefined : time;
}
