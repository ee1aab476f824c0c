/** A mistake in how the probe is called, or a reason not to run it. Nothing has been sent. */
export class Misuse extends Error {
	override readonly name = 'Misuse';
}

/** The endpoint cannot be probed, or not to the end. */
export class NotProbed extends Error {
	override readonly name = 'NotProbed';
}
