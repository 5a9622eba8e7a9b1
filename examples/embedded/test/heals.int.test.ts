import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const main = join(import.meta.dirname, '../dist/main.js');

test('the embedded engine heals a worker of its own program, and the program ends by itself', async () => {
  const { stdout, stderr } = await promisify(execFile)(process.execPath, [main], { timeout: 60_000 });
  expect(stdout).toMatch(/worker-2: .*restart[^]*worker-2: healed\n$/);
  expect(stdout).not.toMatch(/worker-[13]: .*→ failed/);
  expect(stderr).toBe('');
});
