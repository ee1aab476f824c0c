import {readFileSync} from 'node:fs';
import {expect, test} from 'vitest';
import {createClient} from '../src/ky/client.ts';

const constants = readFileSync(new URL('../node_modules/ky/distribution/core/constants.js', import.meta.url), 'utf8');

test.each(['kyOptionKeys', 'requestOptionsRegistry'])('a client takes all of %s of the ky that is installed', list => {
	const [, body = ''] = new RegExp(`export const ${list} = \\{([^}]*)\\}`).exec(constants) ?? [];
	const names = [...body.matchAll(/(\w+): true/g)].map(([, name = '']) => name);
	expect(names.length).toBeGreaterThan(10);
	for (const name of names) expect(() => createClient({[name]: undefined})).not.toThrow();
});
