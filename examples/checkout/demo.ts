import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {isRight, play} from './scenes/play.ts';
import {scenes} from './scenes/scenes.ts';
import {heading, row} from './scenes/table.ts';
import {pageFiles} from './server/page-files.ts';
import {startDemo} from './server/shop.ts';

const PORT = 4242;

console.log('\nOne purchase a scene, over HTTP, counted by the server. One charge is right.\n');
console.log(heading());
let allRight = true;
for (const scene of scenes) {
	const plain = await play(scene, 'plain');
	const latchkey = await play(scene, 'latchkey');
	const right = isRight(scene, latchkey);
	allRight &&= right;
	console.log(row(scene.title, plain, latchkey, right));
}

console.log('\nPlain fetch retries up to three times, without a key. On the right: what latchkey let the page say.\n');

if (process.argv.includes('--once')) {
	process.exitCode = allRight ? 0 : 1;
} else {
	await promisify(execFile)('npm', ['run', '--silent', 'build']);
	const {origin} = await startDemo({port: PORT, files: await pageFiles()});
	console.log(`The shop is open at ${origin}. Pull its plug, or press Ctrl-C to close it.\n`);
}
