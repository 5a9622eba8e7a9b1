#!/usr/bin/env node
// Not part of the build output, because npm links a command at install time, before a fresh clone is built.
import { existsSync } from 'node:fs';

const program = new URL('../dist/bin.js', import.meta.url);
if (existsSync(program)) await import(program.href);
else {
  process.stderr.write('praetorian: it is not built yet. Run `npm run build` in the repository, or `npm start`.\n');
  process.exitCode = 1;
}
