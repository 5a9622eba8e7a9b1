import type * as NodeFs from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { LinuxProcessTable } from './process-table.ts';

const reading = vi.hoisted(() => ({ fails: undefined as string | undefined }));
vi.mock('node:fs', async (original) => {
  const real = await original<typeof NodeFs>();
  const readFileSync = (path: string): string => {
    if (reading.fails !== undefined) throw Object.assign(new Error(reading.fails), { code: reading.fails });
    return path.endsWith('/stat') ? '7 (a) b) S 1 7 7 0 0 0 0 0 0 0 0 0 0 0 20 0 1 0 4242' : '';
  };
  return { ...real, readFileSync };
});
afterEach(() => {
  reading.fails = undefined;
});

test.each(['ENOENT', 'ESRCH'])('a process of which the system says %s is gone', (code) => {
  const table = new LinuxProcessTable();
  expect(table.isAlive({ pid: 7, startTime: '4242' })).toBe(true);
  reading.fails = code;
  expect(table.isAlive({ pid: 7, startTime: '4242' })).toBe(false);
});

test.each(['EMFILE', 'ENFILE', 'EIO'])('%s says nothing of a process', (code) => {
  const table = new LinuxProcessTable();
  reading.fails = code;
  expect(() => table.isAlive({ pid: 7, startTime: '4242' })).toThrow(code);
});
