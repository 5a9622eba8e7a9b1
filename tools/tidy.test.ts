/**
 * The rules of this repository that no linter can express, run over the real source. Each rule is proven able to
 * fail in tools/tidy/rules.test.ts.
 */
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { codeRules } from './tidy/code-rules.ts';
import { docRules } from './tidy/doc-rules.ts';
import { importRules } from './tidy/import-rules.ts';
import { loadRepository, type Repository, type Violation } from './tidy/repository.ts';
import { type Ratchet, sizeRules } from './tidy/size-rules.ts';

interface Exception {
  readonly rule: string;
  readonly file: string;
  readonly reason: string;
}

const root = new URL('..', import.meta.url).pathname;
const repository = loadRepository(root);
const readJson = (path: string): unknown => JSON.parse(readFileSync(`${root}/tools/${path}`, 'utf8'));
const exceptions = readJson('tidy/exceptions.json') as Exception[];
const ratchet = readJson('size-ratchet.json') as Ratchet;

const suites: Record<string, (repository: Repository) => Violation[]> = {
  'imports follow the direction of ARCHITECTURE.md': importRules,
  'code keeps to the rules of CONTRIBUTING.md': codeRules,
  'files and functions stay small': (files) => sizeRules(files, ratchet),
  'every path named in ARCHITECTURE.md exists': docRules,
};

const found = Object.entries(suites).map(([name, rules]) => ({ name, violations: rules(repository) }));
const isExcepted = (one: Violation): boolean =>
  exceptions.some((two) => two.rule === one.rule && two.file === one.file);
const asText = ({ rule, file, line, message }: Violation): string => `${file}:${line ?? 1} ${rule}: ${message}`;

test.each(found)('$name', ({ violations }) => {
  expect(violations.filter((one) => !isExcepted(one)).map(asText)).toEqual([]);
});

test('the checker reads the source', () => {
  expect(repository.files.length).toBeGreaterThan(10);
  expect(repository.files.some((file) => file.imports.length > 0)).toBe(true);
});

test('every exception has a reason and still excuses something', () => {
  const all = found.flatMap(({ violations }) => violations);
  const stale = exceptions.filter(
    (one) => one.reason.trim().length < 10 || !all.some((two) => one.rule === two.rule && one.file === two.file),
  );
  expect(stale).toEqual([]);
});
