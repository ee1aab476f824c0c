/**
 * What latchkey costs, beside other clients and beside the stub that answers at once. Runs the build:
 * `npm run build && npm run bench`, with `-- --quick` for a short run.
 */
import {parseArgs} from 'node:util';
import {floorCase} from './floor.ts';
import {indexedDbFigures} from './indexeddb.ts';
import {loopbackFigures} from './loopback.ts';
import {measure, type Figure, type Plan} from './measure.ts';
import {ownCases} from './own-cases.ts';
import {peerCases, rawCase} from './peer-cases.ts';
import {besideRemembered, bytesPerOperation} from './remembered.ts';
import {fromStream, fromString, type Stub} from './stub.ts';
import {printAim, printTable} from './table.ts';

const {quick} = parseArgs({options: {quick: {type: 'boolean', default: false}}}).values;
const plan: Plan = quick ? {rounds: 3, calls: 1_000} : {rounds: 11, calls: 2_000};
const most = quick ? 10_000 : 100_000;

const begun = performance.now();
const strings = await figuresOver(fromString);
const streams = await figuresOver(fromStream);
printTable('A POST with a JSON body and a small JSON answer, per call; ratio to the raw stub', [
	{title: 'from a string', figures: strings},
	{title: 'from a stream', figures: streams},
]);

sayIfBusy(performance.now() - begun);

const loopback = await loopbackFigures({...plan, calls: plan.calls / 2});
printTable('The same over a server on this machine, by connections that are kept alive', [
	{title: 'processor time', figures: loopback},
]);

const beside = await besideRemembered([most / 100, most], {...plan, calls: 1_000});
printTable('A named operation beside others that are remembered', [{title: 'from a string', figures: beside}]);

const bytes = await bytesPerOperation(most / 5);
console.log(`\nHeap per remembered operation: ${Math.round(bytes)} bytes`);

const indexedDb = await indexedDbFigures(quick ? 30 : 200);
if (indexedDb !== undefined)
	printTable('IndexedDB in Chromium, per operation', [{title: 'time passed', figures: indexedDb}]);

console.log('\nAims\n');
for (const [figures, from] of [[strings, 'from a string'] as const, [streams, 'from a stream'] as const]) {
	aimShare(figures, from, 'latchkey, named operation', 'ky', 1);
	aimShare(figures, from, 'latchkey, keyed without a name', 'ky', 0.75);
	aimShare(figures, from, 'latchkey, not keyed', 'raw stub', 1.05);
}

aimShare(loopback, 'over a server', 'latchkey, named operation', 'ky', 1);
aimShare(loopback, 'over a server', 'latchkey, named operation', 'axios and axios-retry over fetch', 1);

const growth = (beside.at(-1)?.ratio ?? NaN) / (beside[0]?.ratio ?? NaN);
printAim(`as fast beside ${most.toLocaleString('en')} as beside few`, `×${growth.toFixed(2)}`, growth <= 1.15);

async function figuresOver(stub: Stub): Promise<Figure[]> {
	return measure([rawCase(stub), ...ownCases(stub), floorCase(stub), ...peerCases(stub)], plan);
}

function aimShare(figures: readonly Figure[], from: string, name: string, of: string, limit: number): void {
	const share = microsOf(figures, name) / microsOf(figures, of);
	printAim(`${name}, ${from}: at most ${limit} of ${of}`, share.toFixed(2), share <= limit);
}

/** Other processes take caches and cores: then all figures are too high, and those of more garbage the most. */
function sayIfBusy(passed: number): void {
	const {user, system} = process.cpuUsage();
	const share = (user + system) / 1000 / passed;
	if (share < 0.9)
		console.log(`\nThe machine was busy with other work: this ran ${Math.round(share * 100)} % of the time.`);
}

function microsOf(figures: readonly Figure[], name: string): number {
	return figures.find(figure => figure.name === name)?.micros ?? NaN;
}
