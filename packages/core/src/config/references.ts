import type { Kind } from '../contracts/plugin.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import type { LoadedConfig } from './load.ts';
import { configInvalid, didYouMean, type Found, useAllowed } from './problem.ts';

/** What the registry knows. */
export interface KnownNames {
  has(kind: Kind, name: string): boolean;
  names(kind: Kind): readonly string[];
}

/** Checks every name in the config that refers to a contribution, once the registry is filled; `GUARD_CONFIG_INVALID` names all that refer to nothing. */
export function checkReferences({ config, policyOf, file, locate }: LoadedConfig, known: KnownNames): void {
  const found: Found[] = [];
  const check = (kind: Kind, name: string, path: readonly PathPart[]): void => {
    if (known.has(kind, name)) return;
    const names = known.names(kind);
    const hint = didYouMean(name, names);
    found.push({
      path,
      found: JSON.stringify(name),
      allowed: names.length > 0 ? names.join(', ') : `none, for no plugin offers ${kind}`,
      remedy: hint === useAllowed ? 'add the plugin that offers it, or use what is there' : hint,
    });
  };
  check('stateStores', config.store, ['store']);
  check('controlPlanes', config.controlPlane, ['controlPlane']);
  config.notifications.routes.forEach(({ to }, index) =>
    check('notifiers', to, ['notifications', 'routes', index, 'to']),
  );
  for (const [group, { orchestrator }] of Object.entries(config.groups)) {
    const policy = policyOf({ id: '', group, labels: {} });
    check('assessors', policy.assessor, ['groups', group, 'assessor']);
    check('strategies', policy.strategy, ['groups', group, 'strategy']);
    policy.detectors.forEach((name, index) => check('detectors', name, ['groups', group, 'detectors', index]));
    if (orchestrator !== undefined) check('orchestrators', orchestrator, ['groups', group, 'orchestrator']);
  }
  if (found.length > 0) throw configInvalid(found, file, locate);
}
