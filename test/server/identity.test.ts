import {expect, test} from 'vitest';
import {idOf, scopeOf, stepKey} from '../../src/server/identity.ts';

const subject = {guard: 'pay', scope: 's', method: 'POST', path: '/a', key: 'k'};

test('no two subjects are one, however their parts run together', async () => {
	const all = [
		subject,
		{...subject, guard: 'pays', scope: ''},
		{...subject, path: '/ak', key: ''},
		{...subject, path: '/', key: 'ak'},
		{...subject, guard: '', scope: 'pays'},
		{...subject, scope: '1:s'},
	];
	expect(new Set(await Promise.all(all.map(async one => idOf(one)))).size).toBe(all.length);
	expect(new Set(all.map(one => stepKey(one, 'print', 'charge'))).size).toBe(all.length);
	expect(stepKey(subject, 'print', 'charge')).not.toBe(stepKey(subject, 'printc', 'harge'));
});

test('no two scopes are one, whatever text they are', async () => {
	const all = [null, 'null', '""', 'a', '"a"', '\ud800', '\udc00', '�', '\0'];
	expect(new Set(await Promise.all(all.map(async one => scopeOf(one)))).size).toBe(all.length);
});
