import {expect, test} from 'vitest';
import {pageAt} from '../docs/pages.ts';
import {peers} from './peers.ts';
import {reportOf} from './reports.ts';

test.each(peers)('the report on $name in docs/probe.md is what the probe says (npm run docs:probe)', async peer => {
	const report = await reportOf(peer);
	expect(report).toContain('Verdict: safe to retry');
	expect(pageAt('docs/probe.md').text).toContain(report);
});
