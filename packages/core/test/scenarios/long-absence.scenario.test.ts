import { expect, it } from 'vitest';
import { fakeWorld, healthy, resolved } from './rig.ts';

/** Longer than any rung may take. */
const awayMs = 600_000;

it.each(['respawn', 'restore', 'await-ready', 'register', 'deregister', 'retire'])(
  'a guard that was away for long goes on with a respawn where it was: in %s',
  async (name) => {
    const world = await fakeWorld();
    await healthy(world.rig);
    await world.rig.guard().checkpoints.save('web.2', new Uint8Array([7]), { contentType: 'application/octet-stream' });
    // What was sent in the moment of the order counts as sent after it.
    await world.rig.clock.advance(1);
    await world.rig.guard().respawn('web.2', { by: 'ann' });
    const begun = (): boolean =>
      world.rig.events.some((event) => event.type === 'step.started' && event.data.stepId.endsWith(`-${name}`));
    expect(await world.rig.until(begun, 60_000, 10)).toBe(true);
    world.rig.crash();
    await world.rig.clock.advance(awayMs);
    await world.rig.boot();
    const incident = await resolved(world.rig);
    expect(incident.attempts).toMatchObject([{ plan: { rung: 'respawn' }, verdict: 'healed' }]);
    expect(world.executed.map(({ action }) => action.kind)).toEqual(['respawn', 'retire']);
    await world.rig.stop();
  },
);
