import { expect, it } from 'vitest';
import type { PluginContext, PluginManifest } from '../contracts/index.ts';
import { apiVersion, definePlugin, guardError } from '../contracts/index.ts';
import { createVirtualClock } from '../runtime/index.ts';
import { Answers } from './answers.ts';
import type { HeaderLine, RecordedPlugin } from './record-format.ts';
import { Listings } from './replay-components.ts';
import { substitutes } from './substitutes.ts';

const forbidden = (): never => {
  throw guardError('GUARD_INVARIANT', { what: 'a replay made something real' });
};
const detector = { consumes: [], observe: () => undefined, evaluate: () => [], reset: () => undefined };

const real: PluginManifest = definePlugin({
  name: 'acme',
  version: '2.0.0',
  apiVersion,
  coreRange: '*',
  configSchema: { type: 'object', additionalProperties: false },
  contributes: {
    orchestrators: { fleet: forbidden },
    notifiers: { pager: forbidden, chat: forbidden },
    stateStores: { disk: forbidden },
    surfaces: { web: forbidden },
    signalSources: { ears: forbidden },
    leases: { disk: forbidden },
    detectors: { odd: () => detector },
  },
});

function made(plugins: readonly RecordedPlugin[] = []) {
  const clock = createVirtualClock();
  const warnings: string[] = [];
  const supports = [{ action: 'restart', destructive: true, scope: 'instance', idempotent: true }];
  const header = { plugins, orchestrators: { local: { supports, can: ['logs'] } }, notifiers: {} };
  const answers = new Answers({ answers: new Map(), begun: new Map() }, clock, 600_000);
  const ports = { answers, listings: new Listings(), clock };
  const warn = (text: string): void => void warnings.push(text);
  return { warnings, substitute: substitutes({ header: header as unknown as HeaderLine, ports, warn }) };
}

const context = { instance: 'local', clock: createVirtualClock() } as unknown as PluginContext<never>;
const missing = async (): Promise<never> => {
  throw guardError('GUARD_PLUGIN_NOT_FOUND', { plugin: 'acme', why: 'it is not installed' });
};
const recorded = (contributes: RecordedPlugin['contributes']): RecordedPlugin => ({
  instance: 'local',
  use: 'acme',
  name: 'acme',
  version: '1.0.0',
  contributes,
});

it('nothing of a plugin that reaches the world is made; what thinks is its own', async () => {
  const { substitute } = made();
  const { contributes } = await substitute('acme', async () => real);
  expect(Object.keys(contributes).sort()).toEqual([
    'controlPlanes',
    'detectors',
    'notifiers',
    'orchestrators',
    'stateStores',
  ]);
  const orchestrator = contributes.orchestrators?.['fleet']?.(context);
  expect(orchestrator?.supports.map(({ action }) => action)).toEqual(['restart']);
  expect([orchestrator?.logs !== undefined, orchestrator?.exec !== undefined]).toEqual([true, false]);
  expect(contributes.notifiers?.['pager']?.(context).supports).toEqual({ threads: true });
  expect(contributes.detectors?.['odd']?.(context)).toBe(detector);
});

it('a plugin that only reaches the world need not be installed: it is stood in for, with a warning', async () => {
  const { substitute, warnings } = made([recorded({ orchestrators: ['fleet'] })]);
  const { contributes } = await substitute('acme', missing);
  expect(contributes.orchestrators?.['fleet']?.(context).supports).toHaveLength(1);
  expect(warnings).toEqual([expect.stringMatching(/acme cannot be loaded here and is stood in for/)]);
});

it('one that takes part in decisions has to be', async () => {
  const { substitute } = made([recorded({ orchestrators: ['fleet'], detectors: ['odd'] })]);
  await expect(substitute('acme', missing)).rejects.toMatchObject({
    code: 'GUARD_REPLAY_PLUGIN',
    remedy: expect.stringMatching(/Install the package/) as string,
  });
});

it('one the record does not know, of another config, has to be installed as well', async () => {
  await expect(made().substitute('acme', missing)).rejects.toMatchObject({ code: 'GUARD_PLUGIN_NOT_FOUND' });
});

it('another version of a plugin is told', async () => {
  const { substitute, warnings } = made([recorded({ detectors: ['odd'] })]);
  await substitute('acme', async () => real);
  expect(warnings).toEqual([expect.stringMatching(/acme was 1\.0\.0 when it was recorded and is 2\.0\.0 now/)]);
});
