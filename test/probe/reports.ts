import {readFileSync} from 'node:fs';
import {systemClock} from '../../src/probe/clock.ts';
import {command} from '../../src/probe/command.ts';
import {start} from './guard.ts';
import {peers, type Peer} from './peers.ts';
import {everything} from './run.ts';

const marks = /(<!-- reports -->\n)[^]*(<!-- end of reports -->)/;

/** The page with the reports of today between its marks. */
export async function writeReports(page: string): Promise<string> {
	let reports = '';
	for (const peer of peers) reports += await reportOf(peer);
	return page.replace(marks, (_, begin: string, end: string) => `${begin}\n${reports}${end}`);
}

export async function reportOf(peer: Peer): Promise<string> {
	await using server = await start(await peer.open());
	let out = '';
	const say = (text: string) => {
		out += text;
	};
	const url = `${server.origin}/orders`;
	const args = ['probe', url, ...everything, '--count', `${server.origin}/count`];
	await command(args, {out: say, err: say}, systemClock);
	const port = new URL(url).port;
	return `### ${peer.name} ${versionOf(peer.name)}\n\n\`\`\`text\n${out.replaceAll(port, '3000')}\`\`\`\n\n`;
}

function versionOf(name: string): string {
	if (name === 'latchkey') return '(this release)';
	const manifest = new URL(`../../node_modules/${name}/package.json`, import.meta.url);
	return (JSON.parse(readFileSync(manifest, 'utf8')) as {version: string}).version;
}
