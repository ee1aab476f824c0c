import {settingsOf} from './arguments.ts';
import {checks} from './checks/index.ts';
import type {Clock} from './clock.ts';
import {help} from './help.ts';
import {looksLive} from './live.ts';
import {isLoopback, planOf} from './plan.ts';
import {probe} from './probe.ts';
import {redactorOf} from './redact.ts';
import {jsonReport} from './report-json.ts';
import {lineOf, planText, resultText} from './report-text.ts';
import type {Settings} from './settings.ts';
import {Misuse, NotProbed} from './stops.ts';
import {metBy} from './verdict.ts';

export type Terminal = {
	readonly out: (text: string) => void;
	readonly err: (text: string) => void;
};

export type ExitStatus = 0 | 1 | 2 | 3;

/** `latchkey` as it is called: prints, and says with which status to exit. */
export async function command(args: readonly string[], terminal: Terminal, clock: Clock): Promise<ExitStatus> {
	const [name, ...rest] = args;
	if (name === undefined || name === 'help' || args.includes('--help') || args.includes('-h')) {
		terminal.out(help);
		return name === undefined ? 2 : 0;
	}

	try {
		if (name !== 'probe') throw new Misuse('the only command is: latchkey probe <url>');
		return await run(settingsOf(rest), terminal, clock);
	} catch (error) {
		if (error instanceof Misuse) {
			terminal.err(`${error.message}\n`);
			return 2;
		}

		throw error;
	}
}

async function run(settings: Settings, terminal: Terminal, clock: Clock): Promise<ExitStatus> {
	const redact = redactorOf(settings);
	const lines = (text: string) => text.split('\n').map(redact).join('\n');
	// The report alone is on stdout where a program reads it.
	const say = (text: string) => {
		(settings.json ? terminal.err : terminal.out)(lines(text));
	};
	const live = looksLive(settings);
	if (live !== undefined)
		throw new Misuse(`${redact(live)}. The probe makes effects: use a test key. Nothing was sent.`);
	say(planText(settings, planOf(settings, checks)));
	if (!settings.yes && !isLoopback(settings.url))
		throw new Misuse('This address is not loopback: say --yes to go on. Nothing was sent.');

	say('\n');
	try {
		const progress: Parameters<typeof probe>[0]['progress'] = line => {
			say(lineOf(line));
		};
		const result = await probe({settings, clock, progress});
		const met = metBy(result.findings, result.verdict, result.shoulds);
		say(resultText(result));
		if (settings.json) terminal.out(jsonReport(settings, result, met, redact));
		const missed = settings.require.filter(name => !met[name]);
		if (missed.length > 0) say(`Not met: ${missed.join(', ')}\n`);
		return missed.length > 0 ? 1 : 0;
	} catch (error) {
		if (error instanceof Misuse) throw error;
		const says = error instanceof NotProbed ? error.message : `the probe itself failed: ${String(error)}`;
		terminal.err(`${lines(says)}\n`);
		return 3;
	}
}
