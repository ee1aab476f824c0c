import {createFetch, outcomeOf} from '../../../src/index.ts';

/** A service worker that pays by itself, with its own `createFetch` over the default store. */
const fetch = createFetch({keepRequest: true});

const bytes = Uint8Array.from({length: 256}, (_, i) => i);

const bodies = {
	blob: () => new Blob([bytes], {type: 'image/png'}),
	form() {
		const form = new FormData();
		form.append('album', 'Grüße');
		form.append('photo', new File([bytes], 'a.png', {type: 'image/png', lastModified: 7}));
		return form;
	},
	stream: () => new Blob([bytes]).stream(),
};

export type Errand = {readonly body: keyof typeof bodies; readonly cart: number};

async function run({body, cart}: Errand) {
	const init = {method: 'POST', body: bodies[body](), operation: ['checkout', cart], duplex: 'half'} as const;
	const {outcome, response, error, attempts} = await outcomeOf(fetch('/pay', init));
	return {outcome, status: response?.status, error: (error as Error | undefined)?.message, attempts};
}

addEventListener('message', ({data, ports: [port]}: MessageEvent<Errand>) => {
	void run(data).then(told => {
		port?.postMessage(told);
	});
});
