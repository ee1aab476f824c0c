import type {Action} from './plan.ts';
import {idOf, USERS} from './session.ts';
import type {Shop} from './shop.ts';

/** What somebody does, or what befalls his machine. A frozen tab takes clicks when it has thawed. */
export function perform(shop: Shop, action: Action): void {
	const {world, session} = shop;
	const tab = shop.tab(action.tab);
	const store = shop.storeOf(action.tab);
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
				const id = idOf(session.user, operation);
				const record = store.record(id);
				const found = record && shop.truth(record.key, id);
				if (found === undefined) return;
				await tab.resolve(operation, (found === 'succeeded') === lie ? 'refused' : 'succeeded');
			});
			break;
		case 'resume':
			click(async () => {
				const id = idOf(session.user, action.operation);
				if (!store.record(id)?.request || !tab.opens) return;
				await tab.resume(action.operation, found => {
					const {key, request} = store.record(id) ?? {};
					return key === found && request?.body ? shop.payloadOf(new TextDecoder().decode(request.body)) : undefined;
				});
			});
			break;
		case 'forgetAll':
			click(tab.forgetAll);
			break;
		case 'sweep':
			click(tab.sweep);
			break;
		case 'switch user':
			click(async () => {
				if (shop.users === 1) return;
				const signedOut = tab.forgetAll();
				session.user = USERS.find(user => user !== session.user) ?? session.user;
				world.note('machine', `is used by ${session.user}`);
				await signedOut;
			});
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
			for (const each of shop.allTabs()) each.life.freeze(action.ms);
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
