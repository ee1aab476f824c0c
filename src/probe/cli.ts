#!/usr/bin/env node
import {systemClock} from './clock.ts';
import {command} from './command.ts';

process.exitCode = await command(
	process.argv.slice(2),
	{
		out: text => process.stdout.write(text),
		err: text => process.stderr.write(text),
	},
	systemClock,
);
