import type {TillName} from '../server/desk.ts';
import {startShop} from '../server/shop.ts';
import {buyers} from './buyers.ts';
import type {Scene} from './scenes.ts';

/** How a scene went for one client, as the server counted it. */
export type Count = {readonly attempts: number; readonly charges: number; readonly told: readonly string[]};

/** Plays a scene in a shop of its own. */
export async function play(scene: Scene, name: TillName): Promise<Count> {
	await using shop = await startShop();
	const till = shop.tills[name];
	till.misbehave(attempt => scene.faults[attempt - 1] ?? {});
	const told = await scene.play(buyers[name](shop.origin));
	await till.idle();
	return {attempts: till.attempts.length, charges: till.charges.length, told};
}

/** Charged once, and told the truth. */
export function isRight({wanted}: Scene, {charges, told}: Count): boolean {
	return charges === 1 && told.join() === wanted.join();
}
