import {styleText} from 'node:util';
import type {Count} from './play.ts';

const TITLE = 40;
const NUMBER = 10;

export function heading(): string {
	const columns = ''.padEnd(TITLE) + 'plain fetch'.padStart(NUMBER * 2) + 'latchkey'.padStart(NUMBER * 2);
	const numbers = 'attempts'.padStart(NUMBER) + 'charges'.padStart(NUMBER);
	return `${styleText('bold', columns)}\n${styleText('dim', ''.padEnd(TITLE) + numbers + numbers)}`;
}

export function row(title: string, plain: Count, latchkey: Count, right: boolean): string {
	const mark = right ? styleText('green', '✓') : styleText('red', '✗');
	const told = styleText('dim', latchkey.told.join(', '));
	return `${title.padEnd(TITLE)}${numbers(plain)}${numbers(latchkey)}  ${mark} ${told}`;
}

function numbers({attempts, charges}: Count): string {
	const charged = String(charges).padStart(NUMBER);
	return String(attempts).padStart(NUMBER) + (charges === 1 ? charged : styleText('red', charged));
}
