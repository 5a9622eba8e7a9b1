import type { Call, ExecResult, InventoryEvent, Ms } from '@praetorian-guard/core/plugin';
import { createRig, type Rig } from '@praetorian-guard/core/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containerFacts } from '../../test/plain-engine.ts';
import type { ContainerFacts } from '../engine/engine.ts';
import type { Member } from './member.ts';
import { OwnChecks } from './own-checks.ts';

const second = 1_000_000_000;
const passes: ExecResult = { exitCode: 0, stdout: '', stderr: '' };
const fails: ExecResult = { exitCode: 1, stdout: 'warming up\nno answer\n', stderr: '' };

let rig: Rig;
let facts: ContainerFacts;
let told: InventoryEvent[];
let ran: { readonly argv: readonly string[]; readonly atMs: Ms }[];
let answer: (call: Call) => Promise<ExecResult>;
let inHand: boolean;
let isAway: boolean;
let checks: OwnChecks;

/** The container as the engine shows it; `checkedAt`: the end of the last check it made. */
function show(checkedAt: string, state: object = {}, test: readonly string[] = ['CMD', 'look', '-q']): void {
  const Health = { Status: 'healthy', FailingStreak: 0, Log: [{ Start: '', End: checkedAt, ExitCode: 0, Output: '' }] };
  facts = containerFacts('web', {
    state: { Health, ...state },
    config: { Healthcheck: { Test: test, Interval: 2 * second, Timeout: second, Retries: 2 } },
  });
}

beforeEach(() => {
  rig = createRig();
  told = [];
  ran = [];
  inHand = false;
  isAway = false;
  answer = async () => passes;
  show('first');
  const member = (): Member => ({ facts, agentId: 'web', instanceId: 'web~1' }) as unknown as Member;
  checks = new OwnChecks({
    engine: {
      container: async () => {
        if (isAway) throw new Error('the engine is away');
        return facts;
      },
    },
    clock: rig.clock,
    log: rig.log,
    containers: { all: () => [member()], member: () => member(), isInHand: () => inHand },
    run: async (_, argv, call) => {
      ran.push({ argv, atMs: rig.clock.monotonic() });
      return answer(call);
    },
    publish: (event) => void told.push(event),
  });
});
afterEach(() => checks.stop());

const heard = () => told.map((event) => (event.type === 'lifecycle' ? event.event : event.type));

describe('checks that the engine does not make any more', () => {
  it('are made by the same command and at the same pace, and told by the rules of the engine', async () => {
    answer = async () => fails;
    checks.listed();
    await rig.clock.advance(5_500);
    expect(ran.map(({ argv }) => argv)).toEqual([['look', '-q']]);
    expect(told).toEqual([]);
    await rig.clock.advance(2_000);
    expect(told).toEqual([
      {
        type: 'lifecycle',
        agentId: 'web',
        instanceId: 'web~1',
        event: 'unhealthy',
        lastsInMs: 4_000,
        detail: 'no answer',
      },
    ]);
    answer = async () => passes;
    await rig.clock.advance(4_000);
    expect(heard()).toEqual(['unhealthy', 'healthy']);
    expect(ran.map(({ atMs }) => atMs - (ran[0]?.atMs ?? 0))).toEqual([0, 2_000, 4_000, 6_000]);
    expect(rig.log.entries.filter(({ level }) => level === 'warn')).toHaveLength(1);
  });

  it('are made after every listing anew, also soon after another', async () => {
    checks.listed();
    await rig.clock.advance(2_000);
    show('second');
    checks.listed();
    await rig.clock.advance(5_500);
    expect(ran).toHaveLength(1);
  });

  it('are not well when they take too long', async () => {
    answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    checks.listed();
    await rig.clock.advance(12_000);
    expect(told[0]).toMatchObject({ event: 'unhealthy', detail: expect.stringContaining('1s') as string });
  });

  it('are ended when the engine makes them again, or the container lives anew', async () => {
    for (const change of [() => show('second'), () => show('first', { StartedAt: '2026-01-02T00:00:00Z' })]) {
      show('first');
      checks.listed();
      await rig.clock.advance(8_000);
      const before = ran.length;
      expect(before).toBeGreaterThan(0);
      change();
      await rig.clock.advance(20_000);
      expect(ran.length).toBe(before);
      ran = [];
    }
  });

  it('end with the word of the engine when it makes them again', async () => {
    answer = async () => fails;
    checks.listed();
    await rig.clock.advance(8_000);
    show('second');
    await rig.clock.advance(4_000);
    expect(heard()).toEqual(['unhealthy', 'healthy']);
  });

  it('say nothing of a container that the guard is ending', async () => {
    answer = async () => fails;
    inHand = true;
    checks.listed();
    await rig.clock.advance(30_000);
    expect([ran, told]).toEqual([[], []]);
  });

  it('say nothing when the engine does not let it be known, and that is told once', async () => {
    answer = async () => Promise.reject(new Error('exec is forbidden'));
    checks.listed();
    await rig.clock.advance(30_000);
    expect(told).toEqual([]);
    const warnings = rig.log.entries.filter(({ level }) => level === 'warn');
    expect(warnings.map(({ fields }) => fields['why'])).toEqual([undefined, 'exec is forbidden']);
  });

  it('go on after the engine was away, and after it was listed anew', async () => {
    answer = async () => fails;
    isAway = true;
    checks.listed();
    await rig.clock.advance(60_000);
    expect(ran).toEqual([]);
    isAway = false;
    await rig.clock.advance(4_000);
    expect(heard()).toEqual(['unhealthy']);
    checks.listed();
    await rig.clock.advance(2_000);
    expect(heard()).toEqual(['unhealthy', 'unhealthy']);
  });

  it('say nothing of a container that a person paused or stopped meanwhile', async () => {
    for (const state of [{ Paused: true }, { Running: false }]) {
      show('first', { StartedAt: `2026-01-0${Object.keys(state)[0]?.length ?? 0}T00:00:00Z` });
      const { StartedAt } = facts.State;
      answer = async () => {
        show('first', { ...state, StartedAt });
        return { ...fails, exitCode: 137 };
      };
      checks.listed();
      await rig.clock.advance(60_000);
    }
    expect(ran.length).toBeGreaterThan(1);
    expect(told).toEqual([]);
  });

  it('that are late are made ever less', async () => {
    answer = ({ signal }) =>
      new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));
    checks.listed();
    await rig.clock.advance(120_000);
    const gaps = ran.map(({ atMs }, at) => (ran[at + 1]?.atMs ?? Infinity) - atMs);
    expect(gaps.slice(0, 6)).toEqual([3_000, 3_000, 5_000, 9_000, 17_000, 17_000]);
  });

  it('tell that it is well of one that was starting, and leave it the rest of its start period', async () => {
    const { Healthcheck } = facts.Config;
    const starting = { Status: 'starting', Log: [] };
    show('first', { Health: starting, StartedAt: new Date(rig.clock.now()).toISOString() });
    Object.assign(facts.Config, { Healthcheck: { ...Healthcheck, StartPeriod: 20 * second } });
    answer = async () => fails;
    checks.listed();
    await rig.clock.advance(19_000);
    expect(told).toEqual([]);
    answer = async () => passes;
    await rig.clock.advance(2_000);
    expect(heard()).toEqual(['healthy']);
    answer = async () => fails;
    await rig.clock.advance(4_500);
    expect(heard().at(-1)).toBe('unhealthy');
  });

  it('clear an ill word of before that does not hold any more', async () => {
    show('first', { Health: { Status: 'unhealthy', Log: [] } });
    checks.listed();
    await rig.clock.advance(8_000);
    expect(new Set(heard())).toEqual(new Set(['healthy']));
  });
});

it('checks that the engine makes are left to it', async () => {
  checks.listed();
  await rig.clock.advance(3_000);
  show('second');
  await rig.clock.advance(60_000);
  expect(ran).toEqual([]);
});

it.each([
  [['CMD-SHELL', 'look || exit 1'], [['/bin/sh', '-c', 'look || exit 1']]],
  [['NONE'], []],
  [[], []],
])('the check %j runs as %j', async (test, expected) => {
  show('first', {}, test);
  checks.listed();
  await rig.clock.advance(6_000);
  expect(ran.map(({ argv }) => argv)).toEqual(expected);
});
