import type {LatchkeyEvent} from 'latchkey';
import type {NaiveEvent} from '../naive.ts';
import {keyChip, make} from './dom.ts';

/** The list of what one client has done; the newest row is the last. */
export type Timeline = {
	readonly add: (tone: Tone, text: string, ...more: readonly HTMLElement[]) => void;
};

export type Tone = 'press' | 'send' | 'wait' | 'good' | 'bad' | 'doubt';

const MOST_ROWS = 200;

export function timelineIn(list: HTMLElement): Timeline {
	let pressedAt = performance.now();
	return {
		add(tone, text, ...more) {
			if (tone === 'press') pressedAt = performance.now();
			const seconds = ((performance.now() - pressedAt) / 1_000).toFixed(1);
			const time = make('span', {class: 'time'}, tone === 'press' ? '' : `+${seconds} s`);
			list.append(make('li', {class: tone}, time, make('span', {class: 'what'}, text, ' ', ...more)));
			if (list.children.length > MOST_ROWS) list.firstElementChild?.remove();
			list.scrollTop = list.scrollHeight;
		},
	};
}

export function showEvent({add}: Timeline, event: LatchkeyEvent): void {
	switch (event.type) {
		case 'attempt':
			add('send', `Attempt ${event.attempt}`, keyChip(event.key));
			return;
		case 'answer':
			add(toneOf[event.verdict], `${event.status ?? 'No answer'}: ${meaningOf(event)}`);
			return;
		case 'wait':
			add('wait', event.why === 'offline' ? 'Offline: waits for the network' : `Waits ${inSeconds(event.ms)}`);
			return;
		case 'joined':
			add('wait', 'Joins the payment under way, sends nothing');
			return;
		case 'waiting-elsewhere':
			add('wait', 'Another tab is paying: waits for its outcome, sends nothing', keyChip(event.key));
			return;
		case 'taken-over':
			add('wait', 'Takes over what was cut off', keyChip(event.key));
			return;
		case 'settled':
			if (event.attempts === 0 && event.outcome === 'succeeded') add('good', 'The first receipt again, nothing sent');
			return;
		default:
			add('wait', event.type);
	}
}

export function showNaiveEvent({add}: Timeline, event: NaiveEvent): void {
	if (event.type === 'attempt') add('send', `Attempt ${event.attempt}`, keyChip(undefined));
	else if (event.type === 'wait') add('wait', `Waits ${inSeconds(event.ms)}`);
	else if (event.type === 'failure') add('doubt', 'No answer: called a failure');
	else if (event.status < 300) add('good', `${event.status}: paid`);
	else add('bad', `${event.status}: ${event.status === 402 ? 'declined' : 'called a failure'}`);
}

type AnswerEvent = Extract<LatchkeyEvent, {type: 'answer'}>;

const meanings: Record<AnswerEvent['verdict'], string> = {
	succeeded: 'paid',
	refused: 'refused, not charged',
	mismatched: 'the key is of another cart',
	pending: 'taken, not finished yet',
	'in-progress': 'still working on the first attempt',
	conflict: 'a conflict, asks again',
	'not-processed': 'turned away, not charged',
	'not-sent': 'not sent',
	failed: 'may have been charged',
	unsettled: 'settles nothing',
};

const toneOf: Record<AnswerEvent['verdict'], Tone> = {
	succeeded: 'good',
	refused: 'bad',
	mismatched: 'bad',
	pending: 'wait',
	'in-progress': 'wait',
	conflict: 'wait',
	'not-processed': 'wait',
	'not-sent': 'wait',
	failed: 'doubt',
	unsettled: 'doubt',
};

function meaningOf({verdict, replayed}: AnswerEvent): string {
	return replayed && verdict === 'succeeded' ? 'paid already, the first receipt again' : meanings[verdict];
}

function inSeconds(ms: number): string {
	return `${(ms / 1_000).toFixed(1)} s`;
}
