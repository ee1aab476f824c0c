import {onTestFinished} from 'vitest';

/** How a runtime, a frame or a polyfill may lack a global. */
export const lacks = ['missing', 'undefined', 'throws when it is read'] as const;

/** Takes a property from its object until the test is over. */
export function lack(name: string, how: (typeof lacks)[number], of: object = globalThis): void {
	const own = Object.getOwnPropertyDescriptor(of, name);
	Reflect.deleteProperty(of, name);
	if (how === 'undefined') Object.defineProperty(of, name, {configurable: true, value: undefined});
	if (how === 'throws when it is read')
		Object.defineProperty(of, name, {
			configurable: true,
			get() {
				throw Object.assign(new Error(`The operation is insecure: ${name}`), {name: 'SecurityError'});
			},
		});
	onTestFinished(() => {
		Reflect.deleteProperty(of, name);
		if (own !== undefined) Object.defineProperty(of, name, own);
	});
}
