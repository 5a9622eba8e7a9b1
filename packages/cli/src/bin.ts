#!/usr/bin/env node
import { run } from './program.ts';
import { styleFor } from './style.ts';

let outlives = false;
let isRead = true;
// `praetorian agents | head` closes the pipe early: that is no failure, and hides none. A guard goes on without a reader.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') isRead = false;
  else if (!outlives) process.exit(1);
});
// There is nobody left who could be told.
process.stderr.on('error', () => undefined);

process.exitCode = await run(process.argv.slice(2), {
  out: (line) => void (isRead && process.stdout.write(`${line}\n`)),
  err: (line) => void process.stderr.write(`${line}\n`),
  outlive: () => void (outlives = true),
  env: process.env,
  style: styleFor(process.stdout, process.env),
  ...(process.stdout.isTTY ? { columns: process.stdout.columns } : {}),
});
