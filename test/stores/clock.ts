/** A wall clock that only moves when it is told to. */
export function testClock(start = 1_800_000_000_000) {
	let time = start;
	return {
		now: () => time,
		elapse: (ms: number) => {
			time += ms;
		},
	};
}
