/**
 * The linter's bans must bite where they should and nowhere else: small files in a scratch repository with this
 * repository's own configuration.
 */
import { execFileSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = join(import.meta.dirname, '..');
const clock = [
  'setTimeout(run, 1);',
  'setInterval(run, 1);',
  'setImmediate(run);',
  'export const a = Date.now();',
  'export const b = performance.now();',
  'export const c = AbortSignal.timeout(1);',
  'export const d = Math.random();',
  'export const e = crypto.randomUUID();',
].join('\n');
const clockFile = `import { setTimeout as sleep } from 'node:timers/promises';\nimport { randomUUID } from 'node:crypto';\n\nfunction run(): void {}\nexport const used = [sleep, randomUUID];\n${clock}\n`;

/** Path → text, and the rules that oxlint must report for it, each with how often. */
const cases: Record<string, { text: string; reports: Record<string, number> }> = {
  'packages/core/src/decision/bans.ts': {
    text: clockFile,
    reports: { 'no-restricted-globals': 4, 'no-restricted-properties': 5, 'no-restricted-imports': 2 },
  },
  'packages/plugin-level/src/bans.ts': {
    text: clockFile,
    reports: { 'no-restricted-globals': 4, 'no-restricted-properties': 5, 'no-restricted-imports': 2 },
  },
  'packages/core/src/runtime/clock.ts': { text: clockFile, reports: {} },
  'packages/core/src/testing/rig.ts': { text: clockFile, reports: {} },
  'packages/core/src/decision/bans.test.ts': { text: clockFile, reports: {} },
  'packages/core/src/decision/promise.ts': {
    text: `import { rm } from 'node:fs/promises';\n\nexport function run(): void {\n  rm('x');\n}\n`,
    reports: { 'no-floating-promises': 1 },
  },
  'packages/core/src/decision/promise.test.ts': {
    text: `import { rm } from 'node:fs/promises';\nimport { test } from 'vitest';\n\ntest('a', () => {\n  rm('x');\n});\n`,
    reports: { 'no-floating-promises': 1 },
  },
  'packages/core/src/decision/exports.ts': { text: `export default 1;\n`, reports: { 'no-default-export': 1 } },
  'packages/plugin-level/src/index.ts': { text: `export default 1;\n`, reports: {} },
  'packages/core/src/index.ts': { text: `export default 1;\n`, reports: { 'no-default-export': 1 } },
  'packages/core/src/decision/CamelCase.ts': { text: `export const a = 1;\n`, reports: { 'filename-case': 1 } },
  'packages/core/src/decision/type.ts': {
    text: `import { Stats } from 'node:fs';\n\nexport type A = Stats;\n`,
    reports: { 'consistent-type-imports': 1 },
  },
  'packages/core/src/decision/console.ts': { text: `console.log('a');\n`, reports: { 'no-console': 1 } },
  'packages/cli/src/console.ts': { text: `console.log('a');\n`, reports: {} },
  'packages/core/src/decision/params.ts': {
    text: `export const a = (b: number, c: number, d: number, e: number, f: number): number => b + c + d + e + f;\n`,
    reports: { 'max-params': 1 },
  },
  'packages/core/src/decision/branches.ts': {
    text: `export const a = (b: number): string =>\n${Array.from({ length: 16 }, (_, n) => `  b === ${n} ? '${n}' :`).join('\n')} '';\n`,
    reports: { complexity: 1 },
  },
  'packages/core/src/decision/long.ts': {
    text: `export function a(): number {\n${'  console.assert(true);\n'.repeat(71)}  return 1;\n}\n`,
    reports: { 'max-lines-per-function': 1, 'no-console': 71 },
  },
  'packages/core/src/decision/huge.ts': {
    text: Array.from({ length: 301 }, (_, n) => `export const a${n} = ${n};\n`).join(''),
    reports: { 'max-lines': 1 },
  },
};

let scratch = '';
const found = new Map<string, Record<string, number>>();

beforeAll(() => {
  scratch = mkdtempSync(join(tmpdir(), 'praetorian-lint-'));
  for (const name of [
    '.oxlintrc.json',
    'tsconfig.json',
    'tsconfig.build.json',
    'tsconfig.tests.json',
    'tsconfig.base.json',
  ]) {
    cpSync(join(root, name), join(scratch, name));
  }
  symlinkSync(join(root, 'node_modules'), join(scratch, 'node_modules'));
  for (const [path, { text }] of Object.entries(cases)) {
    const home = path.split('/').slice(0, 2).join('/');
    mkdirSync(join(scratch, dirname(path)), { recursive: true });
    cpSync(join(root, home, 'tsconfig.json'), join(scratch, home, 'tsconfig.json'));
    writeFileSync(join(scratch, path), text);
  }
  for (const { filename, code } of lint()) {
    const rule = /\(([^)]+)\)$/.exec(code)?.[1] ?? code;
    const counts = found.get(filename) ?? {};
    found.set(filename, { ...counts, [rule]: (counts[rule] ?? 0) + 1 });
  }
});

afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function lint(): { filename: string; code: string }[] {
  const args = ['--type-aware', '--format', 'json', 'packages'];
  try {
    execFileSync(join(root, 'node_modules/.bin/oxlint'), args, { cwd: scratch, encoding: 'utf8' });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return (JSON.parse(stdout) as { diagnostics: { filename: string; code: string }[] }).diagnostics;
  }
}

test.each(Object.entries(cases))('%s', (path, { reports }) => {
  const counts = found.get(path) ?? {};
  const concerned = Object.fromEntries(Object.entries(counts).filter(([rule]) => rule in reports || watched.has(rule)));
  expect(concerned).toEqual(reports);
});

/** A file must not report any of these unless its case says so. */
const watched = new Set(Object.values(cases).flatMap(({ reports }) => Object.keys(reports)));
