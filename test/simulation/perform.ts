import type {Action} from './plan.ts';
import type {Shop} from './shop.ts';

/** What somebody does, or what befalls his machine. A frozen tab takes clicks when it has thawed. */
export function perform(shop: Shop, action: Action): void {
	const {world, store} = shop;
	const tab = shop.tab(action.tab);
	const {life} = tab;
	const click = (run: () => Promise<unknown>) => {
		life.later(0, () => void run());
	};
	switch (action.do) {
		case 'pay':
			click(async () => tab.pay(action));
			break;
		case 'complete':
		case 'forget':
		case 'force':
			click(async () => tab.free(action.operation, action.do));
			break;
		case 'resolve':
			click(async () => {
				const {operation, lie} = action;
				const record = store.record(operation);
				const found = record && shop.truth(record.key, operation);
				if (found === undefined) return;
				await tab.resolve(operation, (found === 'succeeded') === lie ? 'refused' : 'succeeded');
			});
			break;
		case 'resume':
			click(async () => {
				const kept = store.record(action.operation)?.request?.body;
				if (kept) await tab.resume(action.operation, new TextDecoder().decode(kept));
			});
			break;
		case 'forgetAll':
			click(tab.forgetAll);
			break;
		case 'crash':
			life.crash();
			break;
		case 'crash at':
			life.arm(action.call, action.lands);
			break;
		case 'freeze':
			world.note(life.name, `freezes for ${action.ms} ms`);
			life.freeze(action.ms);
			break;
		case 'sleep':
			world.note('machine', `sleeps for ${action.ms} ms`);
			world.sleep(action.ms);
			for (const each of shop.tabs()) each.life.freeze(action.ms);
			break;
		case 'offline':
			world.note('machine', `is offline for ${action.ms} ms`);
			shop.setOnline(false);
			world.at(action.ms, () => {
				shop.setOnline(true);
			});
			break;
		case 'set clock':
			shop.setClock(action.by);
			break;
	}
}
