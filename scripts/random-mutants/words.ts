/** How a run of tests tells a failure, and that it came to its end. */
export const FAILED = 'failed: ';
export const ENDED = 'ended';
