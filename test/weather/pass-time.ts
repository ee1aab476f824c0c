/** In a page: from now on its wall clock is ahead. */
export function passTime(ms: number): void {
	const now = Date.now.bind(Date);
	Date.now = () => now() + ms;
}
