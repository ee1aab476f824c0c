/** The process of one candidate: serves, and tells what it has used of the processor. */
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {groups, type Engines} from './candidates.ts';

const [group = '', name = '', engines = ''] = process.argv.slice(2);
const open = groups[group]?.[name];
if (!open) throw new Error(`There is no ${name} in ${group}`);
const server = createServer(await open(JSON.parse(engines) as Engines));
// Never in the middle of a round.
server.keepAliveTimeout = 0;
server.listen(0, '127.0.0.1', () => {
	process.send?.((server.address() as AddressInfo).port);
});
process.on('message', () => {
	const {user, system} = process.cpuUsage();
	process.send?.(user + system);
});
process.on('disconnect', () => process.exit());
