import {jsonOf, type AlreadyDone, type Answer, type Dialect} from './dialect.ts';
import {plainTextOf, wordsOf} from './words.ts';

/**
 * "This e-mail exists already": proxies and browsers repeat a POST unseen, so that the first answer may be to the second
 * copy, and the first copy have made what exists.
 *
 * @see https://nginx.org/en/docs/http/ngx_http_proxy_module.html#proxy_next_upstream
 */
export function readExists(answer: Answer, isReplay: Dialect['isReplay']): AlreadyDone | undefined {
	const {status} = answer;
	if (status !== 400 && status !== 409 && status !== 422) return undefined;
	// A conflict may say so in any field, and in few words; in a 400 or 422 these may be the caller's own.
	const conflict = status === 409;
	const words = (conflict ? plainTextOf(answer) : `${wordsOf(answer)}\n${listedIn(answer)}`).replace(absent, '');
	const says = conflict ? existing.test(words) || conflicting.test(words) : existing.test(words.replace(elsewise, ''));
	if (!says) return undefined;
	// What is marked was the answer to the first copy that the server knows of.
	if (isReplay(answer)) return undefined;
	return {reading: 'already-done', sameKey: false, resource: answer.headers.get('location') ?? undefined};
}

/** Django lists what is wrong under the names of the fields. */
function listedIn(answer: Answer): string {
	const lists = Object.values(Object(jsonOf(answer)) as object).filter(Array.isArray);
	return lists
		.flat()
		.filter(it => typeof it === 'string')
		.join('\n')
		.toLowerCase();
}

const absent = /\b(not|never|no( (?!already)\w+){0,3}) (exists|taken|registered|in use)\b/g;

const existing =
	/\balready\b|\bexists\b|duplicat|\b(is|been) taken\b|\btaken$|(must be|not) unique|^unique$|\bunique (constraint|violation|key|set)|dup entry|\be11000\b|\bp2002\b|\b23505\b|\b(e ?mail|name|number|address) (is )?(in use|registered)\b/m;

/** `BlobAlreadyExists`, and words that are said of other things as well. */
const conflicting = /already|exists|\btaken\b|\bin use\b|\bregistered\b|integrityviolation/;

/** Of time that has passed, and of the request alone. */
const elsewise =
	/\balready (expired|ended|passed|elapsed|over|past|sold|gone)\b|\b(no|contains?|have|has|without) duplicat\w*|\bduplicat\w+ (items|values|elements|entries|lines|keys)|\bduplicates (are )?not\b|\b(items|values|elements|entries|lines|keys) must be unique/g;
