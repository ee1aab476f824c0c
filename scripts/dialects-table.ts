import {readFileSync, writeFileSync} from 'node:fs';
import {withTables} from './dialects/table.ts';

const page = new URL('../docs/dialects.md', import.meta.url);
writeFileSync(page, withTables(readFileSync(page, 'utf8')));
