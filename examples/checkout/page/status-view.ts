import type {Snapshot} from 'latchkey';
import {euros} from '../goods.ts';
import {byId} from './dom.ts';
import type {Wording} from './wording.ts';

/** Shows where the purchase stands. The seconds tick for eyes only: a screen reader hears each new sentence once. */
export function showStatus({tone, title, detail, button, offer}: Wording, snapshot: Snapshot, total: number): void {
	const {status} = snapshot;
	byId('status').dataset['tone'] = tone;
	byId('handle-state').textContent = status;
	say('status-title', title);
	say('status-detail', detail);
	say('status-next', tone === 'busy' ? nextOf(snapshot) : '');
	byId('pay').textContent = button ?? `Pay ${euros(total)}`;
	byId('pay').dataset['tone'] = tone;
	byId('buy-again').hidden = offer !== 'buy-again';
	byId('put-back').hidden = offer !== 'put-back';
}

function nextOf({retryAt, attempt, limit}: Snapshot): string {
	if (retryAt === undefined) return attempt > 1 ? 'Asking the shop again…' : '';
	const seconds = Math.max(0, Math.ceil((retryAt - Date.now()) / 1_000));
	const count = attempt < limit ? `, ${attempt} of ${limit - 1}` : '';
	return `Trying again in ${seconds} s${count}`;
}

/** Writes only what differs, because a live region announces every write. */
function say(id: string, text: string): void {
	const element = byId(id);
	if (element.textContent !== text) element.textContent = text;
}
