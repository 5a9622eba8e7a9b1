#!/usr/bin/env node
import { run } from './program.ts';
import { styleFor } from './style.ts';

// `praetorian agents | head` closes the pipe early: that is no failure.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void process.stdout.write(`${line}\n`),
  err: (line) => void process.stderr.write(`${line}\n`),
  env: process.env,
  style: styleFor(process.stdout, process.env),
  ...(process.stdout.isTTY ? { columns: process.stdout.columns } : {}),
});
