import {openAsBlob} from 'node:fs';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {expect, test} from 'vitest';
import {openShop} from './shop.ts';

test('where the body cannot be kept, nothing is sent and nothing is written', async () => {
	const folder = await mkdtemp(join(tmpdir(), 'latchkey-body-'));
	const file = join(folder, 'invoice.pdf');
	await writeFile(file, 'paid');
	const body = await openAsBlob(file);
	await rm(folder, {recursive: true});
	const {realm, server, record} = openShop();
	const {error} = await realm({keepRequest: true}).pay({body});
	expect(error).toMatchObject({code: 'BODY_NOT_REPLAYABLE', cause: {name: 'NotReadableError'}});
	expect(server.requests).toHaveLength(0);
	expect(await record()).toBeUndefined();
});
