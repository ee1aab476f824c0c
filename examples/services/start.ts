import {execFile} from 'node:child_process';
import {promisify} from 'node:util';
import {pageFiles} from '../checkout/server/page-files.ts';
import {startServices} from './shop.ts';

await promisify(execFile)('npm', ['run', '--silent', 'build']);
const {origin, close} = await startServices({port: 4243, files: await pageFiles(new URL('page/', import.meta.url))});
console.log(`\nThree services, and a page to break what lies between them: ${origin}\n\nPress Ctrl-C to close it.\n`);
process.once('SIGINT', () => void close().then(() => process.exit()));
