import type { Incident, TimelineEntry } from '@praetorian-guard/core';
import { describe, expect, it } from 'vitest';
import { doneTwice, lost, type Recorded, type Starts } from './checks.ts';
import type { FleetProcess } from './world.ts';

const started = (generation: number, change: Partial<FleetProcess> = {}): FleetProcess => ({
  pid: 100 + generation,
  startTime: '7',
  key: `owner.${generation}`,
  agentId: 'web.1',
  instanceId: `web.1~${generation}`,
  generation,
  ...change,
});

const starts = (change: Partial<Starts> = {}): Starts => ({
  processes: [started(1), started(2)],
  overlaps: [],
  listened: new Map([['web.1~2', 1]]),
  ...change,
});

const line = (seq: number, type = 'step-started'): TimelineEntry => ({
  seq,
  at: seq,
  incidentId: 'inc_1',
  type,
  state: 'acting',
  reason: { code: 'step-started', text: 'begun' },
  data: { key: `inc_1/1/${seq}-restart` },
});

/** An incident whose one attempt was to bring the second generation. */
function recorded(action: object = { kind: 'restart' }, timeline = [line(1), line(2)]): Recorded {
  const step = {
    id: '1-restart',
    state: 'finished',
    effect: { type: 'action', intent: { action, before: { birth: { key: 'owner.2' } } } },
  };
  const incident = { id: 'inc_1', state: 'resolved', attempts: [{ plan: { rung: 'restart' }, steps: [step] }] };
  return { incident: incident as unknown as Incident, timeline };
}

describe('what was done twice', () => {
  it('is nothing when each start has its step', () => {
    expect(doneTwice([recorded()], starts())).toEqual([]);
  });

  it('is a key that two processes carry', () => {
    const processes = [started(1), started(2), started(2, { pid: 555 })];
    expect(doneTwice([recorded()], starts({ processes }))).toEqual([
      'web.1~2 was started 2 times: pids 102, 555',
      'one attempt (restart) brought web.1~2 and web.1~2',
    ]);
  });

  it('is an instance that began to listen twice, though one was too short-lived to be seen', () => {
    expect(doneTwice([recorded()], starts({ listened: new Map([['web.1~2', 2]]) }))).toHaveLength(1);
  });

  it('is a process that no journaled step was to bring', () => {
    expect(doneTwice([recorded()], starts({ processes: [started(1), started(2), started(3)] }))).toEqual([
      'web.1~3 (pid 103) was started by no journaled step',
    ]);
  });

  it('is a second process at the same time, but for a respawn beside', () => {
    const overlaps = [{ agentId: 'web.1', keys: ['owner.1', 'owner.2'] }];
    expect(doneTwice([recorded()], starts({ overlaps }))).toEqual(['web.1 had web.1~1 and web.1~2 at the same time']);
    expect(doneTwice([recorded({ kind: 'respawn', mode: 'in-place' })], starts({ overlaps }))).toHaveLength(1);
    expect(doneTwice([recorded({ kind: 'respawn', mode: 'beside' })], starts({ overlaps }))).toEqual([]);
  });

  it('is a step that was begun twice', () => {
    const again = { ...line(3), data: { key: 'inc_1/1/1-restart' } };
    expect(doneTwice([recorded({ kind: 'restart' }, [line(1), line(2), again])], starts())).toEqual([
      'inc_1 began step inc_1/1/1-restart twice',
    ]);
  });
});

describe('what was lost', () => {
  it('is an incident that is gone, a line that is gone or is another now', () => {
    const heard = [line(1), line(2)];
    expect(lost('inc_1', heard, recorded())).toEqual([]);
    expect(lost('inc_1', heard, undefined)).toEqual(['inc_1 is gone']);
    expect(lost('inc_1', heard, recorded({}, [line(1)]))).toEqual(['inc_1 has lost line 2 (step-started)']);
    expect(lost('inc_1', heard, recorded({}, [line(1), line(2, 'resolved')]))).toHaveLength(1);
  });
});
