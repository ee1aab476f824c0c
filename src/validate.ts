import {mistake} from './mistake.ts';
import {shown} from './shown.ts';

/** What an option takes, in words and as a test. */
export type OptionSpec = {
	readonly expects: string;
	readonly test: (value: unknown) => boolean;
	/** What must be in it. */
	readonly required?: OptionSpecs;
	/** What may be in it. */
	readonly optional?: OptionSpecs;
};

export type OptionSpecs = Readonly<Record<string, OptionSpec>>;

/**
 * All the options of one that takes few, which are told where there is none of a name. What is left out altogether is as
 * if it were empty.
 *
 * @throws {TypeError | RangeError} for an option that it does not take, that is missing, or that is of the wrong kind.
 */
export function checkOptions(who: string, options: unknown, required: OptionSpecs, optional: OptionSpecs): void {
	const names = Object.keys({...required, ...optional});
	if (options !== undefined && (typeof options !== 'object' || options === null))
		throw mistake(`${who} takes {${names.join(', ')}}, not ${shown(options)}`);
	const other = Object.keys(Object(options)).find(name => !names.includes(name));
	if (other !== undefined) throw mistake(`${who} has no option ${shown(other)}; it has ${names.join(', ')}`);
	validate(Object(options), required, '', true);
	validate(Object(options), optional);
}

/** Throws a TypeError for an option of the wrong kind and a RangeError for a number out of range, by its name. */
export function validate(options: object, kinds: OptionSpecs, prefix = '', needed = false): void {
	for (const [part, {expects, test, required = {}, optional = {}}] of Object.entries(kinds)) {
		const value = (options as Record<string, object | undefined>)[part];
		if (value === undefined && !needed) continue;
		const name = prefix + part;
		if (!test(value)) {
			// Where a number would do, this one is out of range.
			const Problem = typeof value === 'number' && test(1) ? RangeError : TypeError;
			throw mistake(`${name} takes ${expects}, not ${shown(value)}`, Problem);
		}

		validate(Object(value), required, `${name}.`, true);
		validate(Object(value), optional, `${name}.`);
	}
}
