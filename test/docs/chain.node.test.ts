import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {settings} from '../../examples/chain/parts/nginx.ts';
import {picture} from '../../scripts/chain/picture.ts';
import {pageAt, root} from './pages.ts';

test('the picture of the chain is the one that its script draws', () => {
	expect(readFileSync(new URL('docs/chain.svg', root), 'utf8')).toBe(picture());
});

test('what differs from the defaults of NGINX is told, and the conditions that it is told to repeat on', () => {
	const {text} = pageAt('docs/chain.md');
	expect(settings.defaults).toEqual({server: 'fail_timeout=1s', location: ''});
	expect(text).toContain('for dead for ten seconds. Here it is one');
	const conditions = /proxy_next_upstream (.*);/.exec(settings.repeating.location)?.[1]?.split(' ') ?? [];
	expect(conditions).not.toEqual([]);
	expect(conditions.filter(condition => !text.includes(`\`${condition}\``))).toEqual([]);
});
