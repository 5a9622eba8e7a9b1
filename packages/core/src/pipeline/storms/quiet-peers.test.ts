import { describe, expect, it } from 'vitest';
import { noDoubt } from '../../contracts/index.ts';
import { samplePolicy } from '../../testing/sample-fleet.ts';
import { createVirtualClock } from '../../testing/virtual-clock.ts';
import { QuietPeers } from './quiet-peers.ts';

const policy = samplePolicy();
const usualMs = Math.min(policy.heartbeat.everyMs, policy.probes.liveness.everyMs) * 1.5;
const nowMs = 600_000;
const long = nowMs - 3 * usualMs;

/** Agents by when they were heard last; the first one fell silent. */
async function world(heard: readonly (number | undefined)[], groupOf = (_slot: number) => 'web', doubt = noDoubt) {
  const clock = createVirtualClock();
  await clock.advance(nowMs);
  const slots = [...heard.keys()];
  return new QuietPeers({
    clock,
    doubt,
    slotOf: (agentId) => Number(agentId),
    slots: (group) => (group === undefined ? slots : slots.filter((slot) => groupOf(slot) === group)),
    size: () => slots.length,
    heard: (slot) => {
      const heardMs = heard[slot];
      return heardMs === undefined ? undefined : { heardMs, policy, group: groupOf(slot) };
    },
  });
}

describe('peers that went quiet', () => {
  it('speak for an agent from three and half of the group on, itself among them', async () => {
    const three = await world([long, long - 1_000, long + 1_000, nowMs, nowMs]);
    expect(three.with('0')).toMatchObject({ code: 'silence-of-many', soon: true });
    expect(three.with('0')?.text).toContain('3 of 5 agents of group web');
    const two = await world([long, long, nowMs, nowMs]);
    expect(two.with('0')).toBeUndefined();
    const few = await world([long, long, long, nowMs, nowMs, nowMs, nowMs]);
    expect(few.with('0')).toBeUndefined();
  });

  it('are those who were to be heard again, not those whose turn has not come', async () => {
    const peers = await world([long, nowMs - usualMs, nowMs - usualMs, nowMs - 1_000]);
    expect(peers.with('0')).toBeUndefined();
  });

  it('are not those who were heard after it fell silent', async () => {
    const after = long + usualMs + 1;
    expect((await world([long, after, after, after])).with('0')).toBeUndefined();
  });

  it('are seen no later by a guard that doubts itself', async () => {
    const doubt = { ...noDoubt, multiplier: 3, stretch: () => 4 };
    const since = nowMs - usualMs - 1_000;
    expect((await world([since, since, since], undefined, doubt)).with('0')).toMatchObject({ soon: true });
  });

  it('are looked for in the fleet when the group is too small to tell', async () => {
    const heard = [long, long, long, undefined, nowMs];
    expect((await world(heard, (slot) => `group ${slot}`)).with('0')?.text).toContain('3 of 4 agents of the fleet');
  });

  it('are a sample of a large fleet', async () => {
    const heard = Array.from({ length: 5_000 }, () => long);
    const peers = await world(heard, (slot) => `group ${slot}`);
    expect(peers.with('0')?.text).toContain('250 of 250 agents of the fleet');
  });

  it('say nothing of an agent that was never heard', async () => {
    expect((await world([undefined, long, long, long])).with('0')).toBeUndefined();
  });
});
