import type {Answer, Dialect, Reading} from './dialect.ts';

/**
 * What the codes and words say that many servers share. A doubt about the wording costs certainty, never a second
 * effect: a mismatch needs words about the payload, and "in progress" and "used before" are never a refusal.
 */
export function readWords(answer: Answer, isReplay: Dialect['isReplay'] = () => false): Reading | undefined {
	const {status} = answer;
	const succeeded = status < 300;
	// A 202 says by itself that it is not done. A 5xx may have had its effect whatever it says, but for its replay.
	if (status === 202 || (succeeded && !/idempoten/i.test(textOf(answer)))) return undefined;
	const replayed = isReplay(answer);
	if (status >= 500 && !replayed) return undefined;
	const words = wordsOf(answer);
	// It may name the key, and say elsewhere that the order is being processed.
	if (succeeded) {
		const said = words.split('\n').filter(isOfKey).join('\n');
		if (running.test(said)) return 'in-progress';
		return cameToNothing.test(said) || otherPayload.some(it => it.test(said)) ? 'key-used' : undefined;
	}

	if (status >= 500) return isOfKey(words) && running.test(words) ? 'in-progress' : undefined;
	const busy = status === 409 || status === 422 || status === 423;
	if (!isOfKey(words)) {
		// A marker is a word of the key too.
		const marked =
			replayed && (status === 422 ? running.test(words) : /^4(09|2[359])$/.test(String(status)) && isUnderWay(words));
		if (marked || workRunning.test(words)) return 'in-progress';
		return requestRepeated.test(words) ? 'key-used' : undefined;
	}

	if (running.test(words)) return 'in-progress';
	if (otherPayload.some(it => it.test(words))) return comparing.has(status) ? 'mismatched' : 'key-used';

	if (finished.test(words) || cameToNothing.test(words)) return 'key-used';
	if ((busy && isUnderWay(words)) || (status === 400 && locked.test(words))) return 'in-progress';
	return used.test(words) ? 'key-used' : undefined;
}

/** Whether they speak of the key: by its name, or as "the same key". */
export function isOfKey(words: string): boolean {
	return /idempoten|\b(same|this|provided) key\b/.test(words);
}

/** Whether anything in it, in whatever field, speaks of work that goes on or is done: no refusal to rely on. */
export function isInDoubt(answer: Answer): boolean {
	const text = plainTextOf(answer);
	return running.test(text) || goingOn.test(text) || /idempoten|already|duplicate|\bprocessed/.test(text);
}

/** The beginning of all that it says, in lower case, with `_` and `-` as blanks. */
export function plainTextOf({body}: Answer): string {
	return new TextDecoder()
		.decode(body?.subarray(0, 10_000))
		.toLowerCase()
		.replace(/[\s_-]+/g, ' ');
}

function isUnderWay(words: string): boolean {
	return running.test(words) || goingOn.test(words) || underWay.test(words);
}

/** What a server answers that has compared payloads. */
const comparing: ReadonlySet<number> = new Set([400, 409, 412, 417, 422]);

/** Work that goes on, in words that are said of nothing else. */
const running =
	/\bin ?(progress|flight|process)\b|under ?way|unfinished|\b(still|currently|already) \w+ing\b|\bis (process|execut|handl|runn)ing|\bbeing (proc|exec|hand|perf|serv|run\b|compl|creat)|\bconcurrent idem|\bidempoten\w+ (key )?concur/;

/** The same, in words that may also stand beside another reason. */
const goingOn =
	/concurren|\bpending\b|\bprocessing\b(?! error)|queue|\bwait\b|\blocked\b|ongoing|in use|worked on|still (open|being)|(not|n.?t) (yet )?(been )?(finish|complet|return|settl)/;

/** The same, where 409, 422 and 423 say it. */
const underWay =
	/being used|(process|execut|runn|pend)ing|outstanding|simultan|\block|busy|other request|\bwait|acquired|reserved|\bactive\b|\bstarted|(not|n.?t) (yet )?(been )?done/;

/** The same, said of the key by a 400. */
const locked = /\block|outstanding|pending/;

/** "Request already processed or in progress", "This payment is being processed", where no word tells that it is about the key; and codes such as `IN_FLIGHT` and `OPERATION_IN_PROGRESS`. */
const workRunning =
	/(^|\b(an?|another|the|this|your|same|previous|original|first|identical|existing|duplicate|concurrent|error) )(request|payment|operation|transaction|execution) (\w+ ){0,4}?(in (progress|flight|process)\b|being (proc|exec|hand)|(still|already) \w+ing\b)|^(concurrent request|in (progress|flight))$|\bprocessing (your|the|this) (\w+ )?request\b/m;

const requestRepeated = /\bduplicate request\b|\brequest id (\w+ ){0,3}?used\b/;

/** Another payload than that of the first request. "Another request" alone may be a copy of the same. */
const otherPayload = [
	/mismatch|(payload|body|param\w*) conflict|only be (re ?)?used with the same/,
	/\b(different|other|another) (\w+ ){0,2}?(payload|bod(y|ies)\b|param|argument|hash|content)/,
	/\b(re ?)?(used|sent|bound|associated|created) (\w+ ){0,2}?(with|for|to) (an? )?different (?!\w*(key|idem|user|account|client))/,
	/\b(payload|body|param\w*|arguments|request|content|hash)( \w+){0,5}? (differs\b|different from|has been (chang|modif)|(not|n.?t|must) (be )?(the same|match\b(?!( \S+){0,4} (format|pattern|header|schema))))/,
	/n.?t match( \w+){0,3}? (request|payload|body|param\w*|original|first)\b(?! (id|format|header|schema)\b)/,
	// The codes that providers document for it, as the whole of a line or the end of a URL.
	/(^|[/#:.]|\berr(or)? )(invalid idempotent request|idempotency key reused?)$/m,
];

/** The first request is done with. */
const finished =
	/\b(already|previously|has|have|was|were)( already)?( been)? (used|proc|exec|hand|compl|creat|consum|submit|finish|done)/;

/** The first request came to nothing, or nobody knows. In a 200 nothing else tells that from a success. */
const cameToNothing =
	/\b(previous|earlier|first|original|last) (attempt|request|execution|operation) (\w+ ){0,5}?failed\b|\boutcome (\w+ ){0,10}?(unknown|not known)|indeterminate/;

/** The key was seen before, in whatever words. */
const used = /re ?us|(in|being|been|was) use|used by|different request|duplicat|already|previously|replay/;

const describing =
	/^((error|fault|sub)_?)?(type|code|title|details?|message|msg|reason|name|errors?|fault|description|string|status|issue)$/i;
const naming = /^((error|fault|sub)_?)?(type|code|title)$/i;
const nesting = /^((error_?)?codes|errors?|fault|details?|message|issues?|data|extensions|user_?errors)$/i;

/** Everything in an answer that could name its kind, lower-case, with `_` and `-` as blanks; text without its tags. */
export function wordsOf(answer: Answer, fields: RegExp = describing): string {
	const text = textOf(answer);
	return (stringsOf(text, fields) ?? strings(untagged(text), fields, false, 0))
		.filter(value => value !== 'about:blank')
		.slice(0, 50)
		.map(value =>
			value
				.slice(0, 1000)
				.replace(/([a-z])([A-Z])/g, '$1 $2')
				.toLowerCase()
				.replace(/[\s_-]+/g, ' ')
				.trim(),
		)
		.filter(Boolean)
		.join('\n');
}

/** A code, type or title: that the answer has a reason of its own. */
export function reasonOf(answer: Answer): string {
	return wordsOf(answer, naming);
}

function textOf({body}: Answer): string {
	return new TextDecoder().decode(body);
}

/** Whatever the content type says: many error answers have none. `undefined` where it is no JSON. */
function stringsOf(text: string, fields: RegExp): string[] | undefined {
	try {
		return strings(JSON.parse(text), fields, false, 6);
	} catch {
		return undefined;
	}
}

function strings(value: unknown, fields: RegExp, within: boolean, depth: number): string[] {
	if (typeof value === 'string') return fields.test('detail') ? [value] : [];
	if (typeof value !== 'object' || value === null || depth === 0) return [];
	return Object.entries(value).flatMap(([name, child]: [string, unknown]) => {
		const listed = Array.isArray(value);
		if (typeof child === 'string') return fields.test(listed ? 'detail' : name) ? [child] : [];
		if (!within && !listed && !nesting.test(name)) return [];
		const inside = strings(child, fields, true, depth - 1);
		// {errors: {idempotency_key: ["has already been used"]}}
		return within && Array.isArray(child) && inside.length > 0 ? [name, ...inside] : inside;
	});
}

function untagged(text: string): string {
	return text.slice(0, 1000).replace(/<[^<>]*>|&[#\w]{1,8};/g, ' ');
}
