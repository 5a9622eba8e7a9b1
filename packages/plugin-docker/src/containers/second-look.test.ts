import type { Instance, InventoryEvent } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { containerFacts } from '../../test/plain-engine.ts';
import type { ContainerFacts } from '../engine/engine.ts';
import type { Member } from './member.ts';
import { SecondLook } from './second-look.ts';

const second = 1_000_000_000;
const instance: Instance = { id: 'web~1', generation: 1, ref: { container: 'web' } };

let rig: Rig;
let facts: ContainerFacts;
let told: InventoryEvent[];
let looks: number;
let inHand: boolean;
let isAway: boolean;
let glance: SecondLook;

/** As the engine shows it after a check that ended just now, or some ms ago. */
function show(
  FailingStreak: number,
  { agoMs = 0, ...state }: { readonly agoMs?: number; readonly [more: string]: unknown } = {},
): void {
  const End = new Date(rig.clock.now() - agoMs).toISOString();
  const Health = { Status: 'healthy', FailingStreak, Log: [{ Start: '', End, ExitCode: 1, Output: 'timed out\n' }] };
  facts = containerFacts('web', {
    state: { Health, ...state },
    config: { Healthcheck: { Test: ['CMD', 'look'], Interval: second, Timeout: second, Retries: 3 } },
  });
}

beforeEach(() => {
  rig = createRig();
  told = [];
  looks = 0;
  inHand = false;
  isAway = false;
  show(0);
  const member = (): Member => ({ facts, agentId: 'web', instanceId: 'web~1' }) as unknown as Member;
  glance = new SecondLook({
    engine: {
      container: async () => {
        looks += 1;
        if (isAway) throw new Error('the engine is away');
        return facts;
      },
    },
    clock: rig.clock,
    log: rig.log,
    containers: { all: () => [member()], member: () => member(), isInHand: () => inHand },
    publish: (event) => void told.push(event),
  });
});
afterEach(() => glance.stop());

const heard = () => told.map((event) => (event.type === 'lifecycle' ? [event.event, event.detail] : []));

it('a check that fails is told before the engine comes to a verdict, and taken back when it passes', async () => {
  glance.look(instance);
  await rig.clock.advance(1_000);
  show(1);
  await rig.clock.advance(300);
  expect(heard()).toEqual([['unhealthy', 'its check has failed 1 of 3 times: timed out']]);
  show(2);
  await rig.clock.advance(300);
  show(0);
  await rig.clock.advance(300);
  expect(heard().map(([event]) => event)).toEqual(['unhealthy', 'unhealthy', 'healthy']);
});

it('a container whose check passes is looked at for as long as a check takes, once at a time', async () => {
  for (let round = 0; round < 3; round += 1) glance.look(instance);
  await rig.clock.advance(60_000);
  expect(looks).toBe(9);
  expect(told).toEqual([]);
});

it.each([
  ['the verdict of the engine', () => show(3, { Health: { Status: 'unhealthy', FailingStreak: 3, Log: [] } })],
  ['another life', () => show(1, { StartedAt: '2026-01-02T00:00:00Z' })],
  ['the end of it', () => show(1, { Running: false })],
  ['the hand of the guard', () => void (inHand = true)],
])('nothing more is told after %s', async (_, change) => {
  show(1);
  glance.look(instance);
  await rig.clock.advance(10);
  change();
  await rig.clock.advance(10_000);
  expect(heard()).toHaveLength(1);
  const before = looks;
  await rig.clock.advance(10_000);
  expect(looks).toBe(before);
});

it('failures of long ago say nothing, and what was told of them is taken back', async () => {
  show(2, { agoMs: 60_000 });
  glance.look(instance);
  await rig.clock.advance(5_000);
  expect(told).toEqual([]);
  show(2);
  glance.look(instance);
  await rig.clock.advance(10_000);
  expect(heard().map(([event]) => event)).toEqual(['unhealthy', 'healthy']);
});

it('what was told is taken back also when the engine was away meanwhile', async () => {
  show(1);
  glance.look(instance);
  await rig.clock.advance(10);
  isAway = true;
  await rig.clock.advance(2_000);
  isAway = false;
  show(0);
  await rig.clock.advance(1_000);
  expect(heard().map(([event]) => event)).toEqual(['unhealthy', 'healthy']);
});
