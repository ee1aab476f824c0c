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

/**
 * All the options of one that takes few, which are told where there is none of a name. What is left out altogether is as
 * if it were empty.
 *
 * @throws {TypeError | RangeError} for an option that it does not take, that is missing, or that is of the wrong kind.
 */
export function checkOptions(who: string, options: unknown, needs: Kinds, may: Kinds): void {
	const names = Object.keys({...needs, ...may});
	if (options !== undefined && (typeof options !== 'object' || options === null))
		throw mistake(`${who} takes {${names.join(', ')}}, not ${shown(options)}`);
	const other = Object.keys(Object(options)).find(name => !names.includes(name));
	if (other !== undefined) throw mistake(`${who} has no option ${shown(other)}; it has ${names.join(', ')}`);
	validate(Object(options), needs, '', true);
	validate(Object(options), may);
}

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
