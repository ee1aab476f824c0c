/** The element of index.html with this id. */
export function byId(id: string): HTMLElement {
	const element = document.getElementById(id);
	if (element === null) throw new Error(`index.html lacks #${id}`);
	return element;
}

export function make<K extends keyof HTMLElementTagNameMap>(
	tag: K,
	attributes: Readonly<Record<string, string>>,
	...children: ReadonlyArray<Node | string>
): HTMLElementTagNameMap[K] {
	const element = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
	element.append(...children);
	return element;
}

/** A key as people can compare it: its first digits, beside a colour of its own. */
export function keyChip(key: string | null | undefined): HTMLElement {
	if (key === null || key === undefined) return make('span', {class: 'key none'}, 'no key');
	const chip = make('code', {class: 'key', title: key}, key.slice(0, 8));
	chip.style.setProperty('--hue', String(Number.parseInt(key.slice(0, 4), 16) % 360));
	return chip;
}
