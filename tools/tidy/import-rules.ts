/**
 * Who may import whom. The sentences are those of ARCHITECTURE.md; each rule is named after its sentence.
 */
import type { Import, Repository, SourceFile, Violation } from './repository.ts';

const stages = ['monitoring', 'detection', 'decision', 'remediation', 'recovery', 'learning', 'notification'];
const coreSource = 'packages/core/src/';

/** Third-party libraries live behind one file each; `types` says who may import their types. */
const oneFileLibraries: { library: string; package: string; typesAnywhere?: boolean }[] = [
  { library: 'eventemitter3', package: 'core' },
  { library: 'pino', package: 'core' },
  { library: 'ajv', package: 'core' },
  { library: 'yaml', package: 'core' },
  { library: 'semver', package: 'core' },
  { library: 'classic-level', package: 'plugin-level' },
  { library: 'dockerode', package: 'plugin-docker', typesAnywhere: true },
  { library: 'fastify', package: 'plugin-http', typesAnywhere: true },
  { library: 'commander', package: 'cli' },
];

export function importRules(repository: Repository): Violation[] {
  const sources = repository.files.filter((file) => !file.isTest);
  return [
    ...sources.flatMap(stageRules),
    ...sources.flatMap(foundationRules),
    ...sources.flatMap(onlyDiImportsTsyringe),
    ...oneFileRules(sources),
    ...repository.files.flatMap(pluginRules),
    ...repository.files.flatMap(guardRule),
    ...repository.files.flatMap(packageBoundary),
    ...cycles(repository.files),
  ];
}

/** `monitoring`, `model`, `pipeline`, `guard` …: the room or the top file of core that a path lies in. */
function room(path: string | undefined): string | undefined {
  if (!path?.startsWith(coreSource)) return undefined;
  return path.slice(coreSource.length).split('/')[0]?.replace(/\.ts$/, '');
}

const isStage = (name: string | undefined): name is string => name !== undefined && stages.includes(name);

function stageRules(file: SourceFile): Violation[] {
  const own = room(file.path);
  if (own === undefined) return [];
  const foreign = file.imports.filter((item) => isStage(room(item.file)) && room(item.file) !== own);
  if (isStage(own)) return [...foreign.map((item) => stageToStage(file, own, item)), ...stageReach(file, own)];
  if (['pipeline', 'di', 'guard', 'testing'].includes(own)) return [];
  const seen = new Set(foreign.map((item) => room(item.file)));
  const last = foreign.at(-1);
  if (seen.size < 2 || !last) return [];
  return [
    violation('several-stages', file, last.line, [
      `Only pipeline.ts, pipeline/, di/, guard.ts and testing/ may import several stages; this file imports ${[...seen].join(', ')}.`,
      'Move the shared type to model/ or contracts/, or let pipeline.ts pass the value.',
    ]),
  ];
}

function stageToStage(file: SourceFile, own: string, item: Import): Violation {
  return violation('stage-not-to-stage', file, item.line, [
    `Stages never import each other; ${own}/ imports ${room(item.file)}/.`,
    'Move the type to model/, or let pipeline.ts hand the value from one stage to the next.',
  ]);
}

function stageReach(file: SourceFile, own: string): Violation[] {
  const allowed = new Set([own, 'model', 'contracts', 'runtime', 'incident']);
  return file.imports
    .filter((item) => item.file !== undefined && !isStage(room(item.file)) && !allowed.has(room(item.file) ?? ''))
    .map((item) =>
      violation('stage-reach', file, item.line, [
        `A stage depends on model/, contracts/, runtime/ and incident/ only; ${own}/ imports ${item.specifier}.`,
        'Take what is needed as a parameter and let di/ wire it.',
      ]),
    );
}

function foundationRules(file: SourceFile): Violation[] {
  const own = room(file.path);
  const report = (rule: string, said: string, remedy: string, bad: (item: Import) => boolean): Violation[] =>
    file.imports
      .filter(bad)
      .map((item) => violation(rule, file, item.line, [`${said}; this file imports ${item.specifier}.`, remedy]));
  if (own === 'model') {
    return report(
      'model-imports-nothing',
      'model/ imports nothing outside model/',
      'Keep the noun pure: move what needs a library or another room out of model/.',
      (item) => room(item.file) !== 'model',
    );
  }
  if (own === 'contracts') {
    return report(
      'contracts-import-model-only',
      'contracts/ imports only model/ and contracts/',
      'Move the type to model/, or the behaviour to the room that implements the contract.',
      (item) => !['model', 'contracts'].includes(room(item.file) ?? ''),
    );
  }
  if (own === 'incident') {
    return report(
      'incident-is-pure',
      'incident/ imports only model/, and from contracts/ only types and errors',
      'The reducer takes facts as values: pass the value in, or use `import type`.',
      (item) => {
        const target = room(item.file);
        if (item.file === `${coreSource}contracts/errors.ts`) return false;
        return !(target === 'model' || target === 'incident' || (target === 'contracts' && item.typeOnly));
      },
    );
  }
  return [];
}

function onlyDiImportsTsyringe(file: SourceFile): Violation[] {
  if (file.path.startsWith(`${coreSource}di/`)) return [];
  return file.imports
    .filter((item) => ['tsyringe', 'reflect-metadata'].includes(libraryOf(item.specifier)))
    .map((item) =>
      violation('only-di-imports-tsyringe', file, item.line, [
        `Only packages/core/src/di/ imports ${libraryOf(item.specifier)}.`,
        'Take the dependency as a plain constructor parameter and register it in the composition root.',
      ]),
    );
}

function oneFileRules(sources: readonly SourceFile[]): Violation[] {
  return oneFileLibraries.flatMap(({ library, package: home, typesAnywhere }) => {
    const uses = sources.flatMap((file) =>
      file.imports
        .filter((item) => libraryOf(item.specifier) === library && file.path.startsWith('packages/'))
        .filter((item) => !(typesAnywhere && item.typeOnly && file.packageName === home))
        .map((item) => ({ file, item })),
    );
    const door = uses.find(({ file }) => file.packageName === home)?.file;
    return uses
      .filter(({ file }) => file !== door)
      .map(({ file, item }) =>
        violation('one-file-per-library', file, item.line, [
          `${library} is imported in one file of packages/${home} only${door ? ` (${door.path})` : ''}.`,
          'Use that file instead, and extend it if it lacks what you need.',
        ]),
      );
  });
}

function pluginRules(file: SourceFile): Violation[] {
  const isPlugin = file.packageName?.startsWith('plugin-') || file.path.startsWith('examples/custom-plugin/');
  if (!isPlugin) return [];
  const allowed = new Set([
    '@praetorian-guard/core/plugin',
    '@praetorian-guard/core/kit',
    ...(file.isTest ? ['@praetorian-guard/core/testing'] : []),
  ]);
  return file.imports
    .filter((item) => item.specifier.startsWith('@praetorian-guard/') && !allowed.has(item.specifier))
    .map((item) =>
      violation('plugin-imports-contract-only', file, item.line, [
        `A plugin imports only @praetorian-guard/core/plugin and /kit (and /testing in tests), never another plugin; this file imports ${item.specifier}.`,
        'Use what the contract offers, or propose the missing part for the contract.',
      ]),
    );
}

function guardRule(file: SourceFile): Violation[] {
  const own = room(file.path);
  const inCore = file.packageName === 'core';
  if ((inCore && file.isTest) || ['index', 'di', 'testing', 'guard'].includes(own ?? '')) return [];
  return file.imports
    .filter((item) => item.file === `${coreSource}guard.ts`)
    .map((item) =>
      violation('nothing-imports-guard', file, item.line, [
        'Nothing imports guard.ts except index.ts, di/ and testing/.',
        'Depend on the contract (GuardApi in contracts/) instead of the handle.',
      ]),
    );
}

function packageBoundary(file: SourceFile): Violation[] {
  const home = /^(packages|examples)\/[^/]+\//.exec(file.path)?.[0];
  if (home === undefined) return [];
  const shared = file.isTest ? ['bench/', 'tools/'] : [];
  return file.imports
    .filter((item) => item.file !== undefined && ![home, ...shared].some((place) => item.file?.startsWith(place)))
    .map((item) =>
      violation('package-boundary', file, item.line, [
        `A relative import stays inside its package; this file imports ${item.specifier}.`,
        'Import the other package by its public name.',
      ]),
    );
}

/** Strongly connected components (Tarjan); type imports count, because they are how a cycle of modules begins. */
function cycles(files: readonly SourceFile[]): Violation[] {
  const byPath = new Map(files.map((file) => [file.path, file]));
  const state = { index: new Map<string, number>(), low: new Map<string, number>(), stack: [] as string[] };
  const found: string[][] = [];
  const connect = (path: string): number => {
    const index = state.index.size;
    state.index.set(path, index);
    state.stack.push(path);
    let low = index;
    for (const { file: next } of byPath.get(path)?.imports ?? []) {
      if (next === undefined || !byPath.has(next)) continue;
      if (!state.index.has(next)) low = Math.min(low, connect(next));
      else if (state.stack.includes(next)) low = Math.min(low, state.index.get(next) ?? low);
    }
    state.low.set(path, low);
    if (low === index) {
      const component = state.stack.splice(state.stack.indexOf(path));
      const selfImport = byPath.get(path)?.imports.some((item) => item.file === path);
      if (component.length > 1 || selfImport) found.push(component);
    }
    return low;
  };
  for (const path of byPath.keys()) if (!state.index.has(path)) connect(path);
  return found.map((component) => ({
    rule: 'no-import-cycle',
    file: component[0] ?? '',
    message: `Imports form no cycle; these files do: ${component.join(' → ')}. Move what they share into a file of its own.`,
  }));
}

/** `ajv/dist/2020.js` → `ajv`, `@scope/name/sub` → `@scope/name`. */
function libraryOf(specifier: string): string {
  const parts = specifier.split('/');
  return parts.slice(0, specifier.startsWith('@') ? 2 : 1).join('/');
}

function violation(rule: string, file: SourceFile, line: number, [said, remedy]: [string, string]): Violation {
  return { rule, file: file.path, line, message: `${said} ${remedy}` };
}
