import type {Answer, Reading} from './dialect.ts';

/**
 * What the codes and words say that many servers share. Written so that a doubt about the wording costs certainty,
 * never a second effect: what is not clearly about another payload is not a mismatch, and what speaks of the key at all
 * is no ordinary refusal.
 */
export function readWords(answer: Answer, replayed = false): Reading | undefined {
	const {status} = answer;
	const succeeded = status < 300;
	// A 202 says by itself that it is not done. A 5xx may have had its effect whatever it says.
	if (status === 202 || status >= 500) return undefined;
	if (succeeded && !/idempoten/i.test(textOf(answer))) return undefined;
	const words = wordsOf(answer);
	const busy = status === 409 || status === 422 || status === 423;
	if (!words.includes('idempoten')) {
		// A marker is a word of the key too.
		if (busy && (requestRunning.test(words) || (replayed && running.test(words)))) return 'in-progress';
		return requestRepeated.test(words) ? 'key-used' : undefined;
	}

	if (running.test(words)) return 'in-progress';
	if (otherPayload.test(words)) return comparing.has(status) ? 'mismatched' : 'key-used';

	// A success that speaks of an earlier use is a replay that is not marked.
	if (succeeded) return undefined;
	if (finished.test(words)) return 'key-used';
	if (busy && underWay.test(words)) return 'in-progress';
	return used.test(words) ? 'key-used' : undefined;
}

/** What a server answers that has compared payloads. */
const comparing: ReadonlySet<number> = new Set([400, 409, 412, 417, 422]);

const any = (...patterns: readonly RegExp[]): RegExp => new RegExp(patterns.map(it => it.source).join('|'), 'm');

/** Work that goes on, in words that are said of nothing else. */
const running = any(
	/\bin ?(progress|flight)\b|\bin process\b|under ?way|ongoing|unfinished/,
	/\b(still|currently|now|is|are|already) (process|execut|handl|perform|runn|work|complet|serv)ing\b/,
	/\b(still|currently) (pending|outstanding|open|active|locked|(process|execut|handl|perform|serv)ed)\b/,
	/\bbeing (process|execut|handl|perform|serv|run\b|work|creat|complet|fulfil)/,
	/(\bnot|\byet|n.?t) (yet )?(been )?(finish|complet)ed\b/,
	/\bconcurrent idempoten|\bidempoten\w+ (key )?concurren/,
);

/** The same, where 409, 422 and 423 say it: these may also stand beside other reasons. */
const underWay =
	/in use|being used|processing|executing|running|outstanding|concurren|pending|simultan|parallel|locked|conflict\w* with (an|the)?(other| previous| first)? ?request/;

/** "Request already processed or in progress", where no word tells that it is about the key. */
const requestRunning =
	/(^|\b(a|the|this|that|your|same|previous|prior|earlier|original|first|another|identical|similar|duplicate|concurrent|err|error) )request ([a-z]+ ){0,4}?(in (progress|flight)\b|being (process|execut|handl)|(still|already) (process|execut|handl|runn)ing)/m;

const requestRepeated = /\bduplicated? request\b|\brequest id (\w+ ){0,3}?used\b/;

/** Another payload than that of the first request. "Another request" alone may be a copy of the same. */
const otherPayload = any(
	/mismatch/,
	/\b(different|other|another|changed|modified|altered|conflicting) (\w+ ){0,2}?(payload|bod(y|ies)\b|param|argument|fingerprint|hash\b|content\b)/,
	/\b(re ?)?(used|sent|submitted|seen|bound|tied|linked|associated|created) (\w+ ){0,2}?(with|for|to|on|across) (an? |the )?different (?!\w*(key|idempot|user|account|client|customer|merchant|tenant))/,
	/\b(payload|body|param\w*|argument\w*|request|content|fingerprint|hash)( \w+){0,5}? (differs?\b|different from|has changed|not (the )?(same|identical|equal))/,
	/\b(payload|body|param\w*|arguments|request|content|fingerprint|hash)( \w+){0,5}? (not|n.?t|must) match(?!( \S+){0,4} (format|pattern|header|schema))/,
	/(\bnot|n.?t) match( \w+){0,3}? (request|payload|body|param\w*|original|first|previous|initial)\b(?! (id|format|header|schema)\b)/,
	/only be (re ?)?used (with|for) the same|(payload|body|param\w*) conflict/,
	// The codes that providers document for it, as the whole of a line or the end of a URL.
	/(^|[/#:.]|\berr(or)? )(invalid idempotent request|idempoten\w+ (key )?reused?)( error)?$/,
);

/** The first request is done with. */
const finished =
	/\b(already|previously|ha[sd]|have|was|were)( already| previously)?( been)? (used|process|execut|handl|complet|creat|consum|submitted|finish|fulfil|perform|done|seen|spent)/;

/** The key was seen before, in whatever words. */
const used = /reus|duplicat|already|previously|replay|in use|being used|\b(been|was) used|\bused by/;

const describing =
	/^((error|fault|sub|status)_?)?(type|code|title|details?|message|msg|reason|name|errors?|fault|description|string|status|text|summary|issue|kind)$/i;
const naming = /^((error|fault|sub)_?)?(type|code|title)$/i;
const nesting =
	/^((error_?)?codes|errors?|fault|details?|message|issues?|problem|cause|response|result|data|extensions|user_?errors)$/i;

/** Everything in an answer that could name its kind, lower-case, with `_` and `-` as blanks; text without its tags. */
export function wordsOf(answer: Answer, fields = describing): string {
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
