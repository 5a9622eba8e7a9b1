/**
 * R28. The incident that taught it: node health checks whose limits were edited while a remediation ran changed what that
 * remediation was allowed in its middle; the webhook that forbids it was added afterwards.
 */
import { expect, it } from 'vitest';
import { keys } from '../../src/state/index.ts';
import { faultyWorld } from '../scenarios/faulty-world.ts';
import { healthy, quick, resolved } from '../scenarios/rig.ts';

it('R28: an incident goes on under the config it began with, and the next one has the new', async () => {
  const config = { watch: { every: '2s', for: '40s' } };
  const { rig, live, orchestrator, acts } = await faultyWorld({ config });
  await healthy(rig);
  orchestrator.crash('web.2');
  await rig.until(async () => (await rig.incidents())[0]?.state === 'watching', 60_000, 100);
  const [before] = await rig.incidents();
  rig.crash();
  Object.assign(live, {
    ...quick,
    watch: { every: '1s', for: '5s' },
    groups: { web: { mode: 'observe' } },
    // Nothing was said of these before.
    ladder: { restart: { drain: '9s' }, respawn: { configOverride: { image: 'app:2' } } },
  });
  await rig.boot();
  const first = await resolved(rig);
  expect(first).toMatchObject({
    configVersion: before?.configVersion,
    policy: { mode: 'auto', watch: { forMs: 40_000 } },
  });
  expect(first.policy.ladder).toEqual(before?.policy.ladder);
  expect((first.state === 'resolved' ? first.resolvedAt : 0) - first.openedAt).toBeGreaterThanOrEqual(40_000);
  // What it was decided under can be looked up.
  expect(await rig.store.get(keys.config(first.configVersion))).toBeDefined();

  orchestrator.crash('web.3');
  await rig.clock.advance(60_000);
  const second = (await rig.incidents()).find(({ agentId }) => agentId === 'web.3');
  expect(second).toMatchObject({ state: 'open', policy: { mode: 'observe', watch: { forMs: 5_000 } } });
  expect(second?.configVersion).not.toBe(first.configVersion);
  expect(acts).toEqual(['web.2 restart']);
  await rig.stop();
});
