import {randomUUID} from 'node:crypto';
import {Duplex} from 'node:stream';
import {mayBeInProgress, replayMarkerOf, retryAfterOf, unmarked} from './answers.ts';
import {polls, type CheckId, type Lab, type Observation} from './check.ts';
import type {Clock} from './clock.ts';
import {startCutter} from './cutter.ts';
import {exchange, portOf, type Delivery, type Seen} from './exchange.ts';
import {requestOf, type Operation, type Variant} from './requests.ts';
import type {Settings} from './settings.ts';

/** What sends, and remembers what it sent and saw. */
export type Bench = Pick<Lab, 'newOperation' | 'send' | 'sendAndLose' | 'sendAndAbort' | 'sendUntilDone'> & {
	readonly observations: readonly Observation[];
	/** What is sent from now on is for this check. */
	readonly begin: (check: CheckId) => void;
};

/** In milliseconds: between two looks at what may still run. */
const firstPause = 100;
const longestPause = 2000;

export function openBench(settings: Settings, clock: Clock, observed: (observation: Observation) => void): Bench {
	const observations: Observation[] = [];
	const {timeout} = settings;
	let check: CheckId = 'first-call';
	let operations = 0;
	/** A marker that is on the very first answer says nothing. */
	let marksAll = false;

	function newOperation(like?: Operation): Operation {
		return {label: `k${++operations}`, key: randomUUID(), uuid: like?.uuid ?? randomUUID()};
	}

	/** The first call shows how long a handler may be at work. */
	function pauseBefore(poll: number, retryAfter: string | undefined): number {
		const work = observations[0]?.seen.ms ?? 0;
		const own = Math.max(firstPause * 2 ** (poll - 1), work);
		const asked = /^\d{1,9}$/.test(retryAfter ?? '') ? Number(retryAfter) * 1000 : own;
		return Math.min(Math.max(own, asked), Math.max(longestPause, work));
	}

	async function observe(
		{operation, variant, delivery}: Omit<Observation, 'check' | 'seen'>,
		by: Partial<Delivery>,
	): Promise<Seen> {
		const raw = await exchange(requestOf(settings, operation, variant), {clock, timeout, ...by});
		const seen = marksAll ? unmarked(raw) : raw;
		marksAll ||= observations.length === 0 && replayMarkerOf(seen) !== undefined;
		const observation = {check, operation, variant, delivery, seen};
		observations.push(observation);
		observed(observation);
		return seen;
	}

	async function send(operation: Operation, variant: Variant = {}): Promise<Seen> {
		return observe({operation, variant, delivery: 'whole'}, {});
	}

	return {
		observations,
		newOperation,
		send,
		begin(id) {
			check = id;
		},
		async sendAndAbort(operation) {
			return observe({operation, variant: {}, delivery: 'aborted'}, {abortWhenSent: true});
		},
		async sendAndLose(operation) {
			const target = {host: settings.url.hostname.replace(/^\[(.*)\]$/, '$1'), port: portOf(settings.url)};
			const cutter = await startCutter(target, clock);
			const by = {viaPort: cutter.port, onConnected: cutter.arm};
			const seen = await observe({operation, variant: {}, delivery: 'lost'}, by);
			cutter.close();
			const bytes = await cutter.kept;
			return {seen, kept: await readKept(bytes)};

			async function readKept(kept: Buffer): Promise<Seen | undefined> {
				// Under TLS nobody but the client can read it.
				if (settings.url.protocol === 'https:' || kept.length === 0) return undefined;
				return exchange(requestOf(settings, operation, {}), {clock, timeout, over: speaking(kept)});
			}
		},
		async sendUntilDone(operation, variant) {
			let seen = await send(operation, variant);
			for (let poll = 1; poll < polls && mayBeInProgress(seen); poll++) {
				await clock.pause(pauseBefore(poll, retryAfterOf(seen)));
				seen = await send(operation, variant);
			}

			return seen;
		},
	};
}

/** A connection on which these bytes are the answer to whatever is sent. */
function speaking(bytes: Buffer): Duplex {
	let said = false;
	return new Duplex({
		read() {},
		write(_chunk, _encoding, done) {
			if (!said) {
				said = true;
				this.push(bytes);
				this.push(null);
			}

			done();
		},
	});
}
