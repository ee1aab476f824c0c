import {mistake} from './mistake.ts';
import {shown} from './shown.ts';

/** What an option takes, in words and as a test. */
export type Kind = {
	readonly takes: string;
	readonly fits: (value: unknown) => boolean;
	/** What must be in it. */
	readonly needs?: Kinds;
	/** What may be in it. */
	readonly may?: Kinds;
};

export type Kinds = Readonly<Record<string, Kind>>;

/** Throws a TypeError for an option of the wrong kind and a RangeError for a number out of range, by its name. */
export function validate(options: object, kinds: Kinds, prefix = '', needed = false): void {
	for (const [part, {takes, fits, needs = {}, may = {}}] of Object.entries(kinds)) {
		const value = (options as Record<string, object | undefined>)[part];
		if (value === undefined && !needed) continue;
		const name = prefix + part;
		if (!fits(value)) {
			// Where a number would do, this one is out of range.
			const Problem = typeof value === 'number' && fits(1) ? RangeError : TypeError;
			throw mistake(`${name} takes ${takes}, not ${shown(value)}`, Problem);
		}

		validate(Object(value), needs, `${name}.`, true);
		validate(Object(value), may, `${name}.`);
	}
}
