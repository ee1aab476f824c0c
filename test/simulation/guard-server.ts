import type {Entry} from '../../src/server/entry.ts';
import type {GuardEvent} from '../../src/server/events.ts';
import {idempotentIn, type Guard} from '../../src/server/guard.ts';
import {scopeOf, stepKey} from '../../src/server/identity.ts';
import type {Check} from './check.ts';
import {createEntries} from './guard-entries.ts';
import {createHandler} from './guard-handler.ts';
import type {GuardDeed, GuardPlan, HandlerRun, Reconciling} from './guard-plan.ts';
import {createLife, type Life} from './life.ts';
import type {StoreFate} from './plan.ts';
import type {Arrival, Reply} from './server.ts';
import type {ServerKind} from './servers.ts';
import {userOf, USERS} from './session.ts';
import type {World} from './world.ts';

/** What of a guard's plan is gone through, one after the other. */
export type GuardLists = {
	readonly run: () => HandlerRun;
	readonly answer: () => Reconciling;
	readonly entry: () => StoreFate;
};

type Process = {readonly life: Life; readonly guard: Guard<readonly [Arrival]>};

const STRANGER = 'mallory';
const scopes = new Map(await Promise.all([...USERS, STRANGER].map(async user => [await scopeOf(user), user] as const)));

/** The real guard: processes that share one store of entries and die, and operators who look after them. */
export function createGuardServer(world: World, kind: ServerKind, plan: GuardPlan, next: GuardLists, check: Check) {
	const entries = createEntries(world, plan, next.entry, check, disown, key => {
		forgets(key);
	});
	const {handle, truth, standing, payloadOf, refuses, forgets} = createHandler(
		world,
		plan,
		kind.finishesLater === true,
		next.run,
		check,
		(key, response) => {
			settlePending(key, response, 100);
		},
	);
	const processes: Array<Process | undefined> = [];
	let calm = false;
	let [starts, owners, turn] = [0, 0, 0];
	let seen: Arrival | undefined;

	function disown({subject: {key, scope}}: Entry): void {
		if (scopes.get(scope) !== STRANGER) check.of(check.idOf(key), key).disowned = true;
	}

	function whatIsTrue({subject, fingerprint}: Entry) {
		const {key, scope} = subject;
		const user = scopes.get(scope);
		const of = {user, body: payloadOf(stepKey(subject, fingerprint, 'charge'))};
		return user === STRANGER ? Response.json({key, ...of}) : truth(key, of);
	}

	function hears(event: GuardEvent): void {
		world.count(`guard: event ${event.type}`);
		const {key} = event.subject;
		if (event.type === 'unguarded') check.of(check.idOf(key), key).disowned = true;
	}

	function start(index: number): Process {
		const life = createLife(world, `guard ${index}.${++starts}`);
		const {effects, onLapsed, onStoreError, lease, storeTimeout, waiting} = plan;
		const call = <T>(run: () => T): T => {
			life.call();
			return run();
		};
		const guard = idempotentIn<readonly [Arrival]>(
			{
				monotonic: () => call(world.now),
				uuid: () => call(() => `owner-${++owners}`),
				timer: (callback, ms) => (life.call() ? life.later(ms, callback) : () => undefined),
			},
			async (request, operation, arrival) => handle(life, arrival, request.headers.get('x-user') ?? '', operation),
			{
				store: entries.open(life),
				scope: request => request.headers.get('x-user') ?? '',
				effects,
				onLapsed,
				onStoreError,
				lease,
				storeTimeout,
				waiting,
				retention: Number.isFinite(kind.retention) ? kind.retention : 1e12,
				onEvent: hears,
				...(plan.reconciles && {reconcile: async (entry: Entry) => reconcile(life, entry)}),
			},
		);
		return {life, guard};
	}

	async function reconcile(life: Life, entry: Entry): Promise<Response | 'undone' | undefined> {
		const {ms, how} = next.answer();
		const found = how === 'tells' ? whatIsTrue(entry) : undefined;
		const what = found instanceof Response ? 'done' : found;
		world.note(life.name, `reconciles ${entry.subject.key}: ${how} ${what}`);
		world.count(`guard: reconcile ${how} ${what}`);
		await new Promise<void>(resolve => life.later(ms, resolve));
		if (how === 'throws') throw new Error('the bank is asleep');
		return found;
	}

	function processOf(index: number): Process {
		const at = index % plan.processes;
		const there = processes[at];
		return there?.life.alive() ? there : (processes[at] = start(at));
	}

	/** Somebody tells the guard what has become of what it had taken. */
	function settlePending(key: string, response: () => Response, tries: number): void {
		const entry = [...entries.all().values()].find(
			({subject, state}) => subject.key === key && scopes.get(subject.scope) !== STRANGER && state === 'answered',
		);
		if (entry && entry.expiresAt !== undefined) return;
		if (entry)
			processOf(0)
				.guard.resolve(entry, response())
				.catch(() => undefined);
		if (tries > 0)
			world.at(1_000, () => {
				settlePending(key, response, tries - 1);
			});
	}

	function perform(deed: GuardDeed): void {
		if (calm) return;
		const {life, guard} = processOf(deed.process);
		world.note('operator', deed.do, deed);
		switch (deed.do) {
			case 'crash':
				life.crash();
				break;
			case 'crash at':
				life.arm(deed.call, deed.lands);
				break;
			case 'freeze':
				life.freeze(deed.ms);
				break;
			case 'reconcile all':
				guard.reconcileAll().then(
					settled => settled > 0 && world.count('guard: reconciled all'),
					() => undefined,
				);
				break;
			case 'sweep':
				void Promise.resolve(entries.open(life).sweep()).catch(() => undefined);
				break;
			case 'resolve':
				void resolveOne(guard, deed.lie).catch(() => undefined);
				break;
			case 'stranger':
				if (seen) receive({...seen, by: 'stranger'}, () => undefined);
				break;
		}
	}

	async function resolveOne(guard: Guard<readonly [Arrival]>, lie: boolean): Promise<void> {
		const [entry] = (await guard.unsettled()).filter(({state}) => state !== 'answered');
		if (entry === undefined) return;
		const found = whatIsTrue(entry);
		if (lie && found instanceof Response) {
			disown(entry);
			await guard.resolve(entry, 'undone');
		} else if (lie && found === 'undone') {
			disown(entry);
			await guard.resolve(entry, Response.json({made: 'up', key: entry.subject.key}, {status: 201}));
		} else if (found !== undefined) await guard.resolve(entry, found);
	}

	function receive(arrival: Arrival, answer: (reply: Reply) => void): void {
		const {key, body} = arrival;
		const user = arrival.by === 'stranger' ? STRANGER : userOf(arrival.operation);
		if (arrival.by !== 'stranger') seen = arrival;
		const {life, guard} = processOf(turn++);
		let isOpen = true;
		const reply = (one: Reply) => {
			if (isOpen) answer(one);
			isOpen = false;
		};
		const gone = () => {
			reply({status: 502, open: true});
		};
		life.onDeath(() => {
			world.at(20, gone);
		});
		const headers = {'content-type': 'application/json', 'idempotency-key': key, 'x-user': user};
		const request = new Request('https://shop.test/pay', {method: 'POST', body, headers});
		const answered = async () => {
			const response = await guard(request, arrival);
			const text = await response.text();
			if (life.alive()) reply(replied(response, text, key, user, body));
		};
		answered().catch(() => {
			if (life.alive()) reply({status: 500, open: true});
		});
	}

	/** What the guard says, held against what was kept. */
	function replied({status, headers}: Response, text: string, key: string, user: string, body: string): Reply {
		const said = (text === '' ? {} : JSON.parse(text)) as {code?: string; user?: string; body?: string; key?: string};
		if (said.code !== undefined) world.count(`guard: told ${said.code}`);
		if (said.user !== undefined && said.user !== user) check.violation(`${user} was given the answer of ${said.user}`);
		if (said.body !== undefined && said.body !== body)
			check.violation(`${key} was given the answer of another payload`);
		if (said.key !== undefined && said.key !== key) check.violation(`${key} was given the answer of ${said.key}`);
		// What the handler says, not the guard: that nothing was done, and then that it will not be.
		if (status >= 400 && status < 500 && said.code === undefined && user !== STRANGER) {
			const facts = check.of(check.idOf(key), key);
			const isForgotten = world.now() - facts.effectAt >= kind.retention;
			if (facts.effects > 0 && !facts.disowned && !isForgotten)
				check.violation(`${key} was answered ${status} when it had its effect`);
			if (said.key !== undefined) refuses(key);
		}

		const isReplay = headers.get('idempotent-replayed') === 'true';
		if (isReplay) {
			world.count('guard: replayed');
			if (!entries.wasKept(key, text)) check.violation(`${key} was given again what was never kept`);
		}

		return {
			status,
			headers: Object.fromEntries([...headers].filter(([name]) => name !== 'content-length')),
			...(text !== '' && {body: said}),
			open: said.code !== undefined || status >= 500,
		};
	}

	let time = 0;
	for (const deed of plan.deeds) {
		time += deed.after;
		world.at(time, () => {
			perform(deed);
		});
	}

	return {
		receive,
		statusOf(key: string): Reply {
			const status = standing(key);
			if (status === undefined) return {status: 404};
			return {status: 200, body: {status}, settles: status !== 'processing'};
		},
		calmDown(): void {
			calm = true;
			for (const process of processes) process?.life.arm(Number.POSITIVE_INFINITY, true);
		},
		/** All leases are over: whatever is left unsettled has a way out. */
		async inTheEnd(): Promise<void> {
			await world.wait(60_000);
			entries.inTheEnd();
			const {guard} = processOf(0);
			for (const entry of await guard.unsettled()) {
				const found = whatIsTrue(entry) ?? 'undone';
				const told = await guard.resolve(entry, found);
				if (told !== 'resolved') check.violation(`in the end ${entry.subject.key} cannot be resolved: ${told}`);
			}

			if ((await guard.unsettled()).length > 0) check.violation('in the end something is unsettled');
		},
	};
}
