import {parseAst} from 'vite';

/** One small change of one file. */
export type Mutation = {
	readonly kind: string;
	readonly start: number;
	readonly end: number;
	readonly replacement: string;
};

/** What is used of ESTree's nodes, as the parser gives them. */
type Node = {readonly type: string; readonly start: number; readonly end: number; readonly [member: string]: unknown};

const operators: Readonly<Record<string, string>> = {
	'<': '<=',
	'<=': '<',
	'>': '>=',
	'>=': '>',
	'===': '!==',
	'!==': '===',
	'&&': '||',
	'||': '&&',
	'??': '&&',
};

/** Every mutation that a source offers, in its order. */
export function mutationsOf(source: string): Mutation[] {
	const found: Mutation[] = [];

	function add(kind: string, {start, end}: Pick<Node, 'start' | 'end'>, replacement: string): void {
		if (source.slice(start, end) !== replacement) found.push({kind, start, end, replacement});
	}

	function textOf({start, end}: Node): string {
		return source.slice(start, end);
	}

	function visit(node: Node): void {
		// Types are erased, and what is imported is no behaviour.
		if (/^(Import|Export(All|Named)Declaration$)/.test(node.type) && node['source']) return;
		if (node.type.startsWith('TS') && !isNode(node['expression'])) return;
		mutate(node);
		for (const [member, value] of Object.entries(node)) {
			if (member === 'key' && node['computed'] !== true) continue;
			for (const child of [value].flat()) if (isNode(child)) visit(child);
		}
	}

	function mutate(node: Node): void {
		const {type} = node;
		const test = node['test'];
		if (isNode(test)) add('negate a condition', test, `!(${textOf(test)})`);
		if (type === 'BinaryExpression' || type === 'LogicalExpression') mutateOperator(node);
		if (type === 'AwaitExpression') add('drop await', node, textOf(node['argument'] as Node));
		if (type === 'ExpressionStatement' && isCall(node['expression'])) add('drop a statement', node, ';');
		if (type === 'ReturnStatement' && isNode(node['argument']) && textOf(node['argument']) !== 'undefined')
			add('return undefined', node, 'return undefined as never;');
		if (type === 'Literal') mutateLiteral(node);
	}

	function mutateOperator(node: Node): void {
		const [left, right, operator] = [node['left'] as Node, node['right'] as Node, String(node['operator'])];
		const other = operators[operator];
		const start = source.indexOf(operator, left.end);
		if (other === undefined || start >= right.start) return;
		// `??` may not be mixed with the others without brackets.
		const whole = `(${source.slice(node.start, start)}${other}${source.slice(start + operator.length, node.end)})`;
		if (operator === '??') add('change an operator', node, whole.replace(/^\((.*)\?\?/s, '($1??'));
		else add('change an operator', {start, end: start + operator.length}, other);
	}

	function mutateLiteral(node: Node): void {
		const {value} = node;
		if (typeof value === 'boolean') add('flip a boolean', node, String(!value));
		if (typeof value === 'number') for (const by of [1, -1]) add('change a number', node, `(${value + by})`);
		if (typeof value === 'string' && value !== '') add('empty a string', node, "''");
	}

	visit(parseAst(source, {lang: 'ts'}) as unknown as Node);
	return found;
}

function isNode(value: unknown): value is Node {
	return typeof value === 'object' && value !== null && typeof (value as Node).type === 'string';
}

function isCall(value: unknown): boolean {
	if (!isNode(value)) return false;
	return value.type === 'CallExpression' || (/^(Await|Unary)Expression$/.test(value.type) && isCall(value['argument']));
}
