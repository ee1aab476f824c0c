import type {OptionSpec} from './validate.ts';

// Apart from the options that take them, so that a bundle has no more of these than it needs.

export const isFunction = (value: unknown): boolean => typeof value === 'function';
// A timer that is set for longer fires at once.
export const isTime = (value: unknown): boolean => typeof value === 'number' && value > 0 && value < 2 ** 31;

export const flag: OptionSpec = {expects: 'a boolean', test: value => typeof value === 'boolean'};
export const callback: OptionSpec = {expects: 'a function', test: isFunction};

/** A time that a timer can be set for. */
export const time: OptionSpec = {expects: 'milliseconds above 0 and up to 2147483647', test: isTime};

/** How long a server keeps keys. */
export const retention: OptionSpec = {
	expects: 'milliseconds above 0',
	test: value => Number.isFinite(value) && (value as number) > 0,
};
