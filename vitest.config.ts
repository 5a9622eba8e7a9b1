import { existsSync, readdirSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { defineConfig } from 'vitest/config';

const here = import.meta.dirname;

/** Every workspace package by its public name, mapped to its source: most tests need no build. */
function sourceAliases(): { find: RegExp; replacement: string }[] {
  const at = (find: string, file: string) => ({ find: new RegExp(`^${find}$`), replacement: `${here}/${file}` });
  const core = [
    at('@praetorian-guard/core', 'packages/core/src/index.ts'),
    at('@praetorian-guard/core/plugin', 'packages/core/src/contracts/index.ts'),
    at('@praetorian-guard/core/kit', 'packages/core/src/kit/index.ts'),
    at('@praetorian-guard/core/replay', 'packages/core/src/replay/index.ts'),
    at('@praetorian-guard/core/testing', 'packages/core/src/testing/index.ts'),
  ];
  const others = readdirSync(`${here}/packages`)
    .filter((name) => name !== 'core' && existsSync(`${here}/packages/${name}/package.json`))
    .map((name) => at(`@praetorian-guard/${name}`, `packages/${name}/src/index.ts`));
  const examples = readdirSync(`${here}/examples`).map((name) =>
    at(`@praetorian-guard/example-${name}`, `examples/${name}/src/index.ts`),
  );
  return [...core, ...others, ...examples];
}

const places = (suffix: string): string[] => [
  `packages/*/{src,test}/**/*${suffix}`,
  `examples/*/{src,test}/**/*${suffix}`,
  `bench/**/*${suffix}`,
];
const special = [
  ...['contract', 'scenario', 'sim', 'int'].map((kind) => `**/*.${kind}.test.ts`),
  'packages/core/test/safety/**',
];
const containers = [
  'packages/plugin-docker/test/**/*.int.test.ts',
  'examples/reference-host/test/{compose,docker*,log-errors}.int.test.ts',
];
const swarm = 'packages/plugin-docker/test/swarm*.int.test.ts';
const never = ['**/node_modules/**', '**/dist/**'];
const seed = 'tools/vitest/fast-check-seed.ts';

/** `TEST_REPORT=<file>` adds a machine-readable report; CI counts the tests from it. */
const report = process.env['TEST_REPORT'];

export default defineConfig({
  resolve: { alias: sourceAliases() },
  test: {
    passWithNoTests: true,
    reporters: report ? ['default', ['json', { outputFile: report }]] : ['default'],
    maxWorkers: Math.min(4, Math.max(2, availableParallelism())),
    restoreMocks: true,
    unstubEnvs: true,
    unstubGlobals: true,
    coverage: {
      provider: 'v8',
      include: ['packages/*/src/**/*.ts'],
      exclude: ['**/*.test.ts', '**/*.test-d.ts', 'packages/core/src/testing/**'],
      reporter: ['text-summary', 'json-summary', 'html'],
    },
    projects: [
      {
        extends: true,
        test: {
          name: 'unit',
          include: places('.test.ts'),
          exclude: [...never, ...special],
          setupFiles: ['tools/vitest/no-network.ts', seed],
          testTimeout: 5_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'contract',
          include: places('.contract.test.ts'),
          exclude: never,
          setupFiles: [seed],
          testTimeout: 15_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'scenario',
          include: [...places('.scenario.test.ts'), 'packages/core/test/safety/*.test.ts'],
          exclude: never,
          setupFiles: [seed],
          testTimeout: 15_000,
        },
      },
      {
        extends: true,
        test: {
          name: 'sim',
          include: places('.sim.test.ts'),
          exclude: never,
          setupFiles: [seed],
          testTimeout: 120_000,
        },
      },
      {
        // Real processes, sockets and clocks: one file at a time, with room for a slow machine.
        extends: true,
        test: {
          name: 'int',
          globalSetup: ['tools/vitest/docker-engine.ts'],
          include: places('.int.test.ts'),
          exclude: [...never, ...containers],
          fileParallelism: false,
          sequence: { groupOrder: 1 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Containers: mostly waiting for the engine, so several files at a time.
        extends: true,
        test: {
          name: 'docker',
          globalSetup: ['tools/vitest/docker-engine.ts'],
          include: containers,
          exclude: [...never, swarm],
          maxWorkers: 3,
          sequence: { groupOrder: 2 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        // Some of these let the one node of the swarm take no tasks, which nobody beside them could bear.
        extends: true,
        test: {
          name: 'swarm',
          globalSetup: ['tools/vitest/docker-engine.ts'],
          include: [swarm],
          exclude: never,
          fileParallelism: false,
          sequence: { groupOrder: 3 },
          testTimeout: 120_000,
          hookTimeout: 60_000,
        },
      },
      {
        extends: true,
        test: { name: 'tools', include: ['tools/**/*.test.ts'], exclude: never, testTimeout: 60_000 },
      },
    ],
  },
});
