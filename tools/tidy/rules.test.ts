/**
 * Every rule must be able to fail: a small made-up repository that breaks it, and one beside it that does not.
 */
import { describe, expect, test } from 'vitest';
import { codeRules } from './code-rules.ts';
import { docRules } from './doc-rules.ts';
import { importRules } from './import-rules.ts';
import { repositoryOf, type Repository, type Violation } from './repository.ts';
import { sizeRules } from './size-rules.ts';

const src = 'packages/core/src';

/** The rules that a made-up repository breaks, without repetition. */
function broken(rules: (repository: Repository) => Violation[], files: Record<string, string>): string[] {
  return [...new Set(rules(repositoryOf(new Map(Object.entries(files)))).map((one) => one.rule))].sort();
}

interface Case {
  readonly name: string;
  readonly files: Record<string, string>;
  readonly breaks: string[];
}

const importCases: Case[] = [
  {
    name: 'a stage imports another stage, also only for a type',
    files: { [`${src}/detection/a.ts`]: `import type { B } from '../decision/b.ts';` },
    breaks: ['stage-not-to-stage'],
  },
  {
    name: 'a stage imports its own files, model, contracts, runtime and incident',
    files: {
      [`${src}/detection/a.ts`]: ['./b.js', '../model/c.js', '../contracts/d.js', '../runtime/e.js', '../incident/f.js']
        .map((path) => `import '${path}';`)
        .join('\n'),
    },
    breaks: [],
  },
  {
    name: 'a stage reaches for the pipeline',
    files: { [`${src}/learning/a.ts`]: `import { run } from '../pipeline.ts';` },
    breaks: ['stage-reach'],
  },
  {
    name: 'a file outside the pipeline imports two stages',
    files: { [`${src}/config/a.ts`]: `import '../detection/a.js';\nimport '../decision/b.js';` },
    breaks: ['several-stages'],
  },
  {
    name: 'the pipeline, di and the guard import many stages',
    files: Object.fromEntries(
      ['pipeline.ts', 'pipeline/order.ts', 'di/root.ts', 'guard.ts'].map((path) => {
        const up = path.includes('/') ? '../' : './';
        return [`${src}/${path}`, `import '${up}detection/a.js';\nimport '${up}decision/b.js';`];
      }),
    ),
    breaks: [],
  },
  {
    name: 'model imports a library',
    files: { [`${src}/model/a.ts`]: `import { randomBytes } from 'node:crypto';` },
    breaks: ['model-imports-nothing'],
  },
  {
    name: 'contracts import the runtime',
    files: { [`${src}/contracts/a.ts`]: `import { clock } from '../runtime/clock.ts';` },
    breaks: ['contracts-import-model-only'],
  },
  {
    name: 'incident imports a value from contracts',
    files: { [`${src}/incident/a.ts`]: `import { guardError } from '../contracts/errors.ts';` },
    breaks: ['incident-is-pure'],
  },
  {
    name: 'incident imports a type from contracts',
    files: { [`${src}/incident/a.ts`]: `import { type Plan, type Step } from '../contracts/plan.ts';` },
    breaks: [],
  },
  {
    name: 'tsyringe outside di',
    files: { [`${src}/guard.ts`]: `import { container } from 'tsyringe';` },
    breaks: ['only-di-imports-tsyringe'],
  },
  {
    name: 'reflect-metadata in a plugin',
    files: { 'packages/plugin-http/src/a.ts': `import 'reflect-metadata';` },
    breaks: ['only-di-imports-tsyringe'],
  },
  {
    name: 'a library in two files, one of them by a deep path',
    files: {
      [`${src}/config/validate.ts`]: `import { Ajv2020 } from 'ajv/dist/2020.js';`,
      [`${src}/plugins/schema.ts`]: `import type { ValidateFunction } from 'ajv';`,
    },
    breaks: ['one-file-per-library'],
  },
  {
    name: 'a library of another package',
    files: { 'packages/cli/src/a.ts': `import { parse } from 'yaml';` },
    breaks: ['one-file-per-library'],
  },
  {
    name: 'types of fastify are welcome in all of plugin-http',
    files: {
      'packages/plugin-http/src/server.ts': `import fastify from 'fastify';`,
      'packages/plugin-http/src/route.ts': `import type { FastifyInstance } from 'fastify';`,
    },
    breaks: [],
  },
  {
    name: 'values of fastify are not',
    files: {
      'packages/plugin-http/src/server.ts': `import fastify from 'fastify';`,
      'packages/plugin-http/src/route.ts': `import { errorCodes } from 'fastify';`,
    },
    breaks: ['one-file-per-library'],
  },
  {
    name: 'a plugin imports the engine',
    files: { 'packages/plugin-level/src/a.ts': `import { createGuard } from '@praetorian-guard/core';` },
    breaks: ['plugin-imports-contract-only'],
  },
  {
    name: 'a plugin imports another plugin',
    files: { 'packages/plugin-level/src/a.ts': `const other = await import('@praetorian-guard/plugin-http');` },
    breaks: ['plugin-imports-contract-only'],
  },
  {
    name: 'the test kit in a plugin source',
    files: { 'packages/plugin-level/src/a.ts': `import { createRig } from '@praetorian-guard/core/testing';` },
    breaks: ['plugin-imports-contract-only'],
  },
  {
    name: 'the test kit in a plugin test, and the contract',
    files: {
      'packages/plugin-level/src/a.contract.test.ts': `import { createRig } from '@praetorian-guard/core/testing';`,
      'examples/custom-plugin/src/index.ts': `import { definePlugin } from '@praetorian-guard/core/plugin';`,
    },
    breaks: [],
  },
  {
    name: 'the config imports the guard',
    files: { [`${src}/config/a.ts`]: `import type { Guard } from '../guard.ts';`, [`${src}/guard.ts`]: `export {};` },
    breaks: ['nothing-imports-guard'],
  },
  {
    name: 'index, di, testing and the test of the guard import it',
    files: {
      [`${src}/guard.ts`]: `export {};`,
      [`${src}/index.ts`]: `import './guard.js';`,
      [`${src}/di/root.ts`]: `import '../guard.js';`,
      [`${src}/testing/rig.ts`]: `import '../guard.js';`,
      [`${src}/guard.test.ts`]: `import './guard.js';`,
    },
    breaks: [],
  },
  {
    name: 'a cycle through three files',
    files: {
      [`${src}/model/a.ts`]: `import './b.js';`,
      [`${src}/model/b.ts`]: `export { c } from './c.ts';`,
      [`${src}/model/c.ts`]: `type A = import('./a.ts').A;`,
    },
    breaks: ['no-import-cycle'],
  },
  {
    name: 'a diamond is not a cycle',
    files: {
      [`${src}/model/a.ts`]: `import './b.js';\nimport './c.js';`,
      [`${src}/model/b.ts`]: `import './d.js';`,
      [`${src}/model/c.ts`]: `import './d.js';`,
      [`${src}/model/d.ts`]: ``,
    },
    breaks: [],
  },
  {
    name: 'a relative path into another package',
    files: { 'packages/cli/src/a.ts': `import { b } from '../../core/src/index.ts';` },
    breaks: ['package-boundary'],
  },
];

const guarded = `${src}/decision/a.ts`;
const tested = `${src}/decision/a.test.ts`;

const codeCases: Case[] = [
  { name: 'export star', files: { [guarded]: `export * from './b.ts';` }, breaks: ['no-export-star'] },
  { name: 'named exports', files: { [guarded]: `export { b } from './b.ts';` }, breaks: [] },
  { name: 'new Date without an argument', files: { [guarded]: `const at = new Date();` }, breaks: ['no-wall-clock'] },
  { name: 'new Date with an argument', files: { [guarded]: `const at = new Date(clock.now());` }, breaks: [] },
  {
    name: 'the clock in runtime, in testing and in a test',
    files: Object.fromEntries(
      [`${src}/runtime/clock.ts`, `${src}/testing/rig.ts`, tested].map((path) => [path, `const at = new Date();`]),
    ),
    breaks: [],
  },
  {
    name: 'a clock by another way',
    files: { [guarded]: `const at = process.hrtime.bigint();` },
    breaks: ['no-hidden-clock'],
  },
  { name: 'a bare error', files: { [guarded]: `throw new Error('no');` }, breaks: ['no-bare-error'] },
  {
    name: 'the same words in a comment or a text',
    files: {
      [guarded]: `// throw new Error('no')\nconst text = "throw new Error('no')";\nthrow guardError('GUARD_X', {});`,
    },
    breaks: [],
  },
  { name: 'a library that exits', files: { [guarded]: `process.exit(1);` }, breaks: ['only-cli-exits'] },
  { name: 'the cli may exit', files: { 'packages/cli/src/bin.ts': `process.exit(1);` }, breaks: [] },
  ...['it.only', 'test.skip', 'describe.todo', 'test.concurrent.only', 'test.each([1]).skip', 'xit'].map((call) => ({
    name: call,
    files: { [tested]: `${call}('a', () => {});` },
    breaks: ['no-dead-test'],
  })),
  { name: 'skipIf', files: { [tested]: `test.skipIf(!hasDocker)('a', () => {});` }, breaks: [] },
  {
    name: 'an assertion on elapsed time',
    files: { [tested]: `const a = Date.now();\nrun();\nconst took = Date.now() - a;\nexpect(took).toBeLessThan(50);` },
    breaks: ['no-elapsed-time'],
  },
  {
    name: 'an assertion on elapsed time in place',
    files: { [tested]: `const a = performance.now();\nassert.ok(performance.now() - a < 50);` },
    breaks: ['no-elapsed-time'],
  },
  {
    name: 'a time that is only passed on',
    files: { [tested]: `const rig = createRig({ startAt: Date.now() });\nexpect(rig.pendingTimers).toBe(0);` },
    breaks: [],
  },
];

const lines = (count: number): string =>
  Array.from({ length: count }, (_, n) => `export const a${n} = ${n};`).join('\n');
const longFunction = `export function run(): void {\n${lines(80).replaceAll('export ', '')}\n}`;
const empty = { files: {}, functions: {} };

describe('import rules', () => {
  test.each(importCases)('$name', ({ files, breaks }) => expect(broken(importRules, files)).toEqual(breaks));
});

describe('code rules', () => {
  test.each(codeCases)('$name', ({ files, breaks }) => expect(broken(codeRules, files)).toEqual(breaks));
});

describe('size ratchet', () => {
  const check = (
    text: string,
    ratchet: { files: Record<string, number>; functions: Record<string, number> },
  ): string[] => broken((repository) => sizeRules(repository, ratchet), { [guarded]: text });

  test('a long file', () => expect(check(lines(301), empty)).toEqual(['file-size']));
  test('a long file of blanks and comments', () => {
    expect(check(`${lines(299)}\n\n\n// one\n/* two\n three */\n/** four */\nexport const b = 1;`, empty)).toEqual([]);
  });
  test('a long function', () => expect(check(longFunction, empty)).toEqual(['function-size']));
  test('a listed file of the listed size', () => {
    expect(check(lines(310), { ...empty, files: { [guarded]: 310 } })).toEqual([]);
  });
  test('a listed file that grew', () => {
    expect(check(lines(311), { ...empty, files: { [guarded]: 310 } })).toEqual(['file-size']);
  });
  test('a listed file that shrank must lower its number', () => {
    expect(check(lines(309), { ...empty, files: { [guarded]: 310 } })).toEqual(['file-size']);
  });
  test('a listed function that is small again must leave the list', () => {
    expect(check(lines(3), { ...empty, functions: { [`${guarded}#run`]: 82 } })).toEqual(['function-size']);
  });
});

describe('the map', () => {
  const check = (map: string): string[] =>
    broken(docRules, { 'ARCHITECTURE.md': map, [`${src}/model/json.ts`]: '', 'packages/core/package.json': '{}' });

  test('a path that does not exist', () => expect(check('See `mute/`.')).toEqual(['architecture-paths-exist']));
  test('paths that exist, full and short', () => {
    expect(check('`packages/core`, `model/`, `model/json.ts`, `src/model/json.ts`')).toEqual([]);
  });
  test('what looks like a path and is none', () => {
    expect(check('`@praetorian-guard/core/plugin`, `/health/live`, `packages/*/src`, `application/json`')).toEqual([]);
  });
  test('no map yet', () => expect(broken(docRules, {})).toEqual([]));
});
