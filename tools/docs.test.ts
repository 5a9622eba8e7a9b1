/**
 * What a document shows must work: links lead somewhere, commands exist, `ts` blocks compile against the packages, and
 * `yaml config` blocks are configs that the guard accepts.
 */
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { describe, expect, test } from 'vitest';
import { isGuardError, type PluginManifest } from '@praetorian-guard/core/plugin';
import docker from '@praetorian-guard/plugin-docker';
import http from '@praetorian-guard/plugin-http';
import level from '@praetorian-guard/plugin-level';
import processes from '@praetorian-guard/plugin-process';
import { commands } from '../packages/cli/src/command-list.ts';
import { gateRules } from '../packages/core/src/decision/gate-rules.ts';
import { loadConfigFile, loadConfigText } from '../packages/core/src/config/load.ts';

const root = resolve(import.meta.dirname, '..');

interface Block {
  readonly file: string;
  /** Line of the first line of code. */
  readonly line: number;
  /** Everything after the fence: `ts`, `yaml config`. */
  readonly info: string;
  readonly code: string;
}

const documents = [
  ...markdownIn('.', false),
  ...['docs', 'packages', 'examples'].flatMap((top) => markdownIn(top, true)),
];
const blocks = documents.flatMap((file) => blocksOf(file, read(file)));
const tagged = (info: string): Block[] => blocks.filter((block) => block.info === info);

function markdownIn(folder: string, deep: boolean): string[] {
  const skipped = new Set(['node_modules', 'dist', 'data', 'fixtures']);
  if (!existsSync(join(root, folder))) return [];
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return deep && !skipped.has(entry.name) ? markdownIn(path, true) : [];
    // An API report shows declarations, not examples.
    const written = entry.name !== 'CHANGELOG.md' && !entry.name.endsWith('.api.md');
    return entry.name.endsWith('.md') && written ? [path] : [];
  });
}

function read(path: string): string {
  return readFileSync(join(root, path), 'utf8');
}

function blocksOf(file: string, text: string): Block[] {
  const found: Block[] = [];
  let open: { info: string; line: number; code: string[] } | undefined;
  for (const [index, line] of text.split('\n').entries()) {
    const fence = /^\s*```(.*)$/.exec(line);
    if (fence && open) {
      found.push({ file, line: open.line, info: open.info, code: open.code.join('\n') });
      open = undefined;
    } else if (fence) open = { info: (fence[1] ?? '').trim(), line: index + 2, code: [] };
    else open?.code.push(line);
  }
  return found;
}

/** The text without its code blocks. */
function proseOf(text: string): string {
  return text.replace(/^\s*```[^]*?^\s*```/gm, '');
}

/** The names under which a heading can be linked, as GitHub makes them. */
function anchorsOf(text: string): Set<string> {
  const headings = [...proseOf(text).matchAll(/^#+ +(.+)$/gm)].map((match) => match[1] as string);
  return new Set(
    headings.map((heading) =>
      heading
        .toLowerCase()
        .replace(/[^\p{L}\p{N}\s_-]/gu, '')
        .replace(/\s/g, '-'),
    ),
  );
}

describe('links', () => {
  test.each(documents)('of %s lead somewhere', (file) => {
    const targets = [...proseOf(read(file)).matchAll(/\]\(([^)\s]+)\)/g)].map((match) => match[1] as string);
    const dead = targets.filter((target) => !/^[a-z]+:/.test(target)).filter((target) => !leads(file, target));
    expect(dead).toEqual([]);
  });

  function leads(file: string, target: string): boolean {
    const [path, anchor] = target.split('#') as [string, string | undefined];
    const at = path === '' ? file : join(dirname(file), path);
    if (!existsSync(join(root, at))) return false;
    return anchor === undefined || !at.endsWith('.md') || anchorsOf(read(at)).has(anchor);
  }
});

describe('commands', () => {
  const shown = documents.flatMap((file) =>
    [...read(file).matchAll(/`([^`\n]+)`/g)].map((match) => ({ file, text: match[1] as string })),
  );
  const lines = tagged('sh').flatMap((block) => block.code.split('\n').map((text) => ({ file: block.file, text })));
  const all = [...shown, ...lines];

  test('every verb and option of praetorian that is shown exists', () => {
    const uses = all.flatMap(({ file, text }) => praetorianUse(text).map((problem) => `${file}: ${text}: ${problem}`));
    expect(uses).toEqual([]);
  });

  function praetorianUse(text: string): string[] {
    const [, rest] = /(?:^|npx )praetorian ([a-z].*)$/.exec(text.replace(/\s#.*$/, '')) ?? [];
    if (rest === undefined) return [];
    const [name, ...words] = rest.split(/\s+/) as [string, ...string[]];
    const spec = commands.find((command) => command.name === name);
    if (!spec) return [`there is no verb ${name}`];
    const known = new Set(spec.options.flatMap(({ flags }) => flags.split(/[ ,]+/)));
    return words
      .filter((word) => word.startsWith('--') && !known.has(word))
      .map((word) => `there is no option ${word}`);
  }

  test('every npm script that is shown exists', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const names = all.flatMap(({ file, text }) =>
      [...text.matchAll(/\bnpm run ([\w:]+)/g)].map((match) => ({ file, name: match[1] as string })),
    );
    expect(names.filter(({ name }) => !(name in scripts))).toEqual([]);
    expect(names.length).toBeGreaterThan(0);
  });
});

describe('configs', () => {
  const plugins = new Map<string, unknown>([docker, http, level, processes].map((plugin) => [plugin.name, plugin]));
  const options = {
    // A document may name any secret; which one it is does not matter here.
    env: new Proxy({}, { get: () => 'a-secret-that-is-long-enough' }),
    resolvePlugin: async (use: string) => plugins.get(use) as PluginManifest,
  };

  test.each(tagged('yaml config').map((block) => [`${block.file}:${block.line}`, block.code]))(
    'the one at %s is accepted',
    async (at, code) => {
      expect(await problems(loadConfigText(code, { ...options, file: at }))).toEqual('');
    },
  );

  test('there are some, and a mistake in one is seen', async () => {
    expect(tagged('yaml config').length).toBeGreaterThan(3);
    expect(await problems(loadConfigText('watch: { evry: 1s }', { ...options, file: 'x.md' }))).toMatch(/watch\.evry/);
  });

  test.each(['examples/reference-host/praetorian.yaml'])('%s is accepted', async (file) => {
    expect(await problems(loadConfigFile(join(root, file), options))).toEqual('');
  });

  async function problems(loading: Promise<unknown>): Promise<string> {
    try {
      await loading;
      return '';
    } catch (error) {
      if (isGuardError(error)) return error.message;
      throw error;
    }
  }
});

describe('ts blocks', () => {
  test('compile against the packages', () => {
    const examples = tagged('ts');
    expect(examples.length).toBeGreaterThan(0);
    expect(compile(examples)).toEqual([]);
  }, 120_000);
});

/** Each block is a module of its own. Returns what the compiler says, with the place in the document. */
function compile(examples: readonly Block[]): string[] {
  const folder = join(root, 'node_modules/.cache/docs-snippets');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const base = JSON.parse(read('tsconfig.tests.json')) as { compilerOptions: { paths: Record<string, string[]> } };
  const paths = Object.entries(base.compilerOptions.paths).map(([name, at]) => [
    name,
    at.map((path) => join(root, path)),
  ]);
  const options = {
    ...base.compilerOptions,
    rootDir: root,
    paths: Object.fromEntries(paths),
    incremental: false,
    tsBuildInfoFile: undefined,
  };
  // A snippet may declare a thing only to show it.
  const compilerOptions = {
    ...options,
    noUnusedLocals: false,
    noUnusedParameters: false,
    typeRoots: [join(root, 'node_modules/@types')],
  };
  const extend = relative(folder, join(root, 'tsconfig.base.json'));
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: extend, compilerOptions, include: ['*.ts'] }));
  for (const [index, block] of examples.entries())
    writeFileSync(join(folder, `block-${index}.ts`), `${block.code}\nexport {};\n`);
  try {
    execFileSync(join(root, 'node_modules/.bin/tsc'), ['-p', folder], { cwd: folder, encoding: 'utf8', stdio: 'pipe' });
    return [];
  } catch (error) {
    const { stdout } = error as { stdout: string };
    return stdout
      .split('\n')
      .filter(Boolean)
      .map((line) => placed(line, examples));
  }
}

/** `block-3.ts(2,7): error …` → `docs/embedding.md:41: error …`. */
function placed(line: string, examples: readonly Block[]): string {
  const [, index, at, text] = /block-(\d+)\.ts\((\d+),\d+\): (.*)$/.exec(line) ?? [];
  const block = examples[Number(index)];
  return block ? `${block.file}:${block.line + Number(at) - 1}: ${text}` : line;
}

describe('docs/safety.md', () => {
  test('has a row for every rule of the gate, in their order', () => {
    const rows = [...readFileSync(join(root, 'docs/safety.md'), 'utf8').matchAll(/^\| ([a-z-]+) \|/gm)].map(
      ([, name]) => name,
    );
    const names = gateRules.map(({ name }) => name);
    expect(rows.filter((row) => names.includes(row ?? ''))).toEqual(names);
  });
});
