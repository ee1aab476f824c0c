import {expect, test} from 'vitest';
import {faultsFrom, type Fault} from '../../examples/chain/faults.ts';

const names = faultsFrom(1, 1)
	.counts()
	.map(({fault}) => fault);

function planOf(seed: number, orders = 200): string[] {
	const faults = faultsFrom(seed, orders);
	const all = Array.from({length: orders}, (_, order) => order);
	return all.flatMap(order => names.filter(fault => faults.meets(order, fault)).map(fault => `${order} ${fault}`));
}

test('one seed gives the same faults to the same orders, and another one others', () => {
	expect(planOf(1)).toEqual(planOf(1));
	expect(planOf(2)).not.toEqual(planOf(1));
});

test('an order meets a fault once', () => {
	const faults = faultsFrom(1, 200);
	const [number = '', ...words] = planOf(1)[0]!.split(' ');
	const [order, fault] = [Number(number), words.join(' ') as Fault];
	expect([faults.meets(order, fault), faults.meets(order, fault)]).toEqual([true, false]);
});

test('an order meets one fault of the shops at most', () => {
	const ofShops = planOf(3).filter(it => / (?:shop|answer)/.test(it));
	const orders = ofShops.map(it => it.split(' ')[0]);
	expect(new Set(orders).size).toBe(orders.length);
});

test('there is one fault of each kind even among few orders', () => {
	expect(
		faultsFrom(1, 10)
			.counts()
			.map(({planned}) => planned),
	).toEqual(names.map(() => 1));
});
