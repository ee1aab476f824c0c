import {statSync} from 'node:fs';
import {tmpdir} from 'node:os';
import {dirname} from 'node:path';

/** The system's folder for temporary files; for root, whose `TMPDIR` may be closed to others, one that `nobody` may enter. */
export function temporaryFiles(): string {
	const folder = [tmpdir(), '/tmp', '/var/tmp'].find(path => process.getuid?.() !== 0 || isOpenToAll(path));
	if (folder === undefined) throw new Error('there is no folder for temporary files that others than root may enter');
	return folder;
}

function isOpenToAll(path: string): boolean {
	const {mode} = statSync(path, {throwIfNoEntry: false}) ?? {mode: 0};
	return (mode & 0o001) !== 0 && (path === dirname(path) || isOpenToAll(dirname(path)));
}
