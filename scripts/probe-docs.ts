/** Probes the guards of npm, and writes what it said into docs/probe.md, between the marks. */
import {readFileSync, writeFileSync} from 'node:fs';
import {writeReports} from '../test/probe/reports.ts';

const page = new URL('../docs/probe.md', import.meta.url);
writeFileSync(page, await writeReports(readFileSync(page, 'utf8')));
// The application of Nest keeps the process.
process.exit();
