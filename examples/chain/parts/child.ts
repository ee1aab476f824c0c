import type {Fault} from '../faults.ts';
import type {PartConfig} from './part.ts';

/** What a part says to the process that started it. */
export type Said =
	| {readonly ready: true}
	| {readonly ask: number; readonly order: number; readonly fault: Fault | 'repeated'}
	| {readonly arrived: number}
	| {readonly delivered: true};

/** What it hears. */
export type Heard = {readonly stop: true} | {readonly answer: number; readonly is: boolean};

export type Parent = {
	readonly config: PartConfig;
	/** Whether this order meets this fault now. */
	readonly meets: (order: number, fault: Fault) => Promise<boolean>;
	/** Resolves once this order has come to a shop for the second time. */
	readonly repeated: (order: number) => Promise<unknown>;
	/** Ends this process at once, where this order meets this fault now. */
	readonly dieOf: (order: number, fault: Fault) => Promise<void>;
	/** A request for this order has come. */
	readonly arrived: (order: number) => void;
	/** A message has come. */
	readonly delivered: () => void;
	/** This part works now; `stop` ends its work in good order. */
	readonly ready: (stop: () => Promise<void>) => void;
};

// Whoever does not hear it is gone, and so is this process in a moment.
const say = (said: Said) => process.send?.(said, undefined, undefined, () => undefined);

/** The side of a part: it is told by its parent what goes wrong, because it may not live to remember that. */
export function parent(): Parent {
	const asked = new Map<number, (is: boolean) => void>();
	let last = 0;
	let ready: (stop: () => Promise<void>) => void = () => {};
	const stop = new Promise<() => Promise<void>>(resolve => {
		ready = resolve;
	});
	process.on('disconnect', () => process.exit());
	process.on('message', (heard: Heard) => {
		if ('answer' in heard) asked.get(heard.answer)?.(heard.is);
		else void stop.then(async stopping => stopping()).then(() => process.exit());
	});

	async function ask(order: number, fault: Fault | 'repeated'): Promise<boolean> {
		const number = ++last;
		return new Promise(resolve => {
			asked.set(number, is => {
				asked.delete(number);
				resolve(is);
			});
			say({ask: number, order, fault});
		});
	}

	return {
		config: JSON.parse(process.argv[2] ?? '') as PartConfig,
		meets: ask,
		repeated: async order => ask(order, 'repeated'),
		async dieOf(order, fault) {
			if (await ask(order, fault)) process.kill(process.pid, 'SIGKILL');
		},
		arrived: order => void say({arrived: order}),
		delivered: () => void say({delivered: true}),
		ready(stopping) {
			ready(stopping);
			say({ready: true});
		},
	};
}
