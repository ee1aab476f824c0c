import {Buffer} from 'node:buffer';
import {expect, test} from 'vitest';
import {cloudEventId, headerId, positionId, type Message} from '../../src/consumer/index.ts';

const withHeaders = (headers: Message['headers'], value: Message['value'] = ''): Message => ({headers, value});

test.each([
	[{'message-id': 'a'}, 'a'],
	[{'Message-ID': 'a'}, 'a'],
	[{'message-id': Buffer.from('é')}, 'é'],
	[{'message-id': ['a', 'b']}, 'a'],
	[{'message-id': [Buffer.from('a')]}, 'a'],
	[{'message-id': ''}, undefined],
	[{'message-id': undefined}, undefined],
	[{'message-id': []}, undefined],
	[{}, undefined],
	[undefined, undefined],
])('the header of %o is %s', (headers, id) => {
	expect(headerId('message-id')(withHeaders(headers))).toBe(id);
});

const event = {id: 'A-1', source: '/shop'};
const id = JSON.stringify(['/shop', 'A-1']);
const structured = (body: string, type = 'application/cloudevents+json; charset=UTF-8') =>
	withHeaders({'Content-Type': type}, body);

test.each([
	['of Kafka, binary', withHeaders({ce_id: Buffer.from('A-1'), ce_source: Buffer.from('/shop')}), id],
	['of HTTP and NATS, binary', withHeaders({'ce-id': 'A-1', 'ce-source': '/shop'}), id],
	['of AMQP, binary', withHeaders({'cloudEvents:id': 'A-1', 'cloudEvents:source': '/shop'}), id],
	['structured', structured(JSON.stringify(event)), id],
	['structured, in bytes', {...structured(''), value: Buffer.from(JSON.stringify(event))}, id],
	['without a source', withHeaders({ce_id: 'A-1'}), undefined],
	['structured, without an id', structured('{"source":"/shop"}'), undefined],
	['structured, with an id that is no text', structured('{"source":"/shop","id":1}'), undefined],
	['that is no JSON', structured('{'), undefined],
	['that is null', structured('null'), undefined],
	['without a body', {...structured(''), value: null}, undefined],
	['in a batch', structured(JSON.stringify([event]), 'application/cloudevents-batch+json'), undefined],
])('a CloudEvent %s', (_, message, expected) => {
	expect(cloudEventId(message)).toBe(expected);
});

test('source and id are told apart', () => {
	const [one, other] = [
		['a b', 'c'],
		['a', 'b c'],
	].map(([source, name]) => cloudEventId(withHeaders({ce_source: source, ce_id: name})));
	expect(one).not.toBe(other);
});

test('a position is that of topic, partition and offset', () => {
	const at = (position: Partial<Message>) => positionId({value: '', ...position});
	const ids = [
		at({topic: 't', partition: 0, offset: '1'}),
		at({topic: 't', partition: 1, offset: '1'}),
		at({topic: 't', partition: 0, offset: '11'}),
		at({topic: 't1', partition: 0, offset: '1'}),
	];
	expect(new Set(ids).size).toBe(4);
	expect(at({topic: 't', offset: 1n})).toBe(ids[0]);
	expect([at({topic: 't'}), at({offset: '1'})]).toEqual([undefined, undefined]);
});
