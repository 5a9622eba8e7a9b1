import { describe, expect, it } from 'vitest';
import { errorOf, load, options } from '../../test/config-kit.ts';
import type { Kind } from '../contracts/plugin.ts';
import { loadConfigText } from './load.ts';
import { checkReferences, type KnownNames } from './references.ts';

const offered: { readonly [K in Kind]?: readonly string[] } = {
  stateStores: ['memory'],
  controlPlanes: ['fleet'],
  notifiers: ['log', 'ops'],
  assessors: ['threat'],
  strategies: ['ladder'],
  detectors: ['heartbeat', 'probe', 'lifecycle', 'slo', 'errors', 'progress', 'trend'],
};
const known: KnownNames = {
  has: (kind, name) => offered[kind]?.includes(name) ?? false,
  names: (kind) => offered[kind] ?? [],
};

describe('names in the config', () => {
  it('are accepted when something has them', async () => {
    const loaded = await load({ groups: { web: {} }, notifications: { routes: [{ to: 'ops' }] } });
    expect(() => checkReferences(loaded, known)).not.toThrow();
  });

  it('are told all at once, with their lines and what was meant, when nothing has them', async () => {
    const text =
      'notifications: { routes: [{ to: osp }] }\ngroups:\n  web:\n    detectors: [hartbeat]\n    strategy: luck\n    orchestrator: docker\n';
    const loaded = await loadConfigText(text, { ...options(), file: 'p.yaml' });
    const error = await errorOf(Promise.resolve().then(() => checkReferences(loaded, known)));
    expect(error.code).toBe('GUARD_CONFIG_INVALID');
    expect(error.message.split('\n').slice(1)).toEqual([
      '  p.yaml:1:29 notifications.routes[0].to: found "osp", allowed: log, ops (did you mean "ops"?)',
      '  p.yaml:4:17 groups.web.detectors[0]: found "hartbeat", allowed: heartbeat, probe, lifecycle, slo, errors, progress, trend (did you mean "heartbeat"?)',
      '  p.yaml:5:5 groups.web.strategy: found "luck", allowed: ladder (add the plugin that offers it, or use what is there)',
      '  p.yaml:6:5 groups.web.orchestrator: found "docker", allowed: none, for no plugin offers orchestrators (add the plugin that offers it, or use what is there)',
    ]);
  });
});
