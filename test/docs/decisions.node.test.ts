import {expect, test} from 'vitest';
import {pageAt, pages} from './pages.ts';

const decisions = pages.filter(({path}) => /^docs\/decisions\/(?!README)/.test(path));

test.each(decisions)('$path says when, instead of what, what, why and at what cost', ({text}) => {
	const lines = text.split('\n').filter(line => line !== '');
	expect(lines[0]).toMatch(/^# \S/);
	expect(lines[1]).toMatch(/^20\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01]) · Alternative: \S.*\.$/);
	const points = lines.slice(2).map(line => /^- \*\*([\w ]+)\.\*\* \S/.exec(line)?.[1]);
	expect(points).toEqual(expect.arrayContaining(['Context', 'Decision', 'Why', 'Cost']));
	expect(points).not.toContain(undefined);
	expect(lines.length).toBeLessThanOrEqual(8);
});

test('the list has every decision, under its own title', () => {
	const {text} = pageAt('docs/decisions/README.md');
	const listed = [...text.matchAll(/^- \[(.+)\]\((.+)\)$/gm)].map(([, title = '', file = '']) => `${file} ${title}`);
	const titles = decisions.map(
		({path, text: page}) => `${path.slice('docs/decisions/'.length)} ${page.slice(2).split('\n', 1)[0]}`,
	);
	expect(listed.toSorted()).toEqual(titles.toSorted());
});
