import { expect, test, vi } from 'vitest';
import { createVirtualClock } from '@praetorian-guard/core/testing';
import type { ProcessTable } from './process-table.ts';
import { type Target, Terminator } from './terminator.ts';

const target: Target = { pid: 2 ** 30, startTime: '1', key: 'k' };

/** A process that reacts to signals as `on` says. Its pid is above every pid a system gives out. */
function world(on: (signal: string, state: { alive: boolean; stopped: boolean; followed: boolean }) => void) {
  const clock = createVirtualClock();
  const state = { alive: true, stopped: false, followed: false };
  const sent: string[] = [];
  vi.spyOn(process, 'kill').mockImplementation((pid, signal) => {
    sent.push(`${signal} ${pid < 0 ? 'group' : 'process'}`);
    on(String(signal), state);
    return true;
  });
  const table: ProcessTable = {
    findsByKey: true,
    pollMs: 250,
    boot: 'b',
    startTime: () => (state.alive ? '1' : undefined),
    isAlive: ({ startTime }) => state.alive && startTime === '1',
    isStopped: () => state.stopped,
    holders: () => [],
    hasFollowers: () => state.followed,
    describe: () => undefined,
  };
  return { clock, state, sent, terminator: new Terminator(clock, table) };
}

test('asks first, and does not kill what ends by itself', async () => {
  const { sent, terminator } = world((signal, state) => void (state.alive = signal !== 'SIGTERM'));
  expect(await terminator.end(target, 5_000)).toBe(true);
  expect(sent).toEqual(['SIGTERM group']);
});

test('kills after the grace', async () => {
  const { clock, sent, terminator } = world((signal, state) => void (state.alive = signal !== 'SIGKILL'));
  const ended = terminator.end(target, 5_000);
  await clock.advance(4_900);
  expect(sent).toEqual(['SIGTERM group']);
  await clock.advance(200);
  expect(await ended).toBe(true);
  expect(sent).toEqual(['SIGTERM group', 'SIGKILL group']);
});

test('what the process started has the rest of the grace when it goes first, and no more', async () => {
  const { clock, state, terminator } = world((_signal, it) => Object.assign(it, { alive: false, followed: true }));
  const drained = terminator.end(target, 5_000);
  await clock.advance(3_000);
  state.followed = false;
  await clock.advance(200);
  expect(await drained).toBe(true);
  const deaf = world((_signal, it) => Object.assign(it, { alive: false, followed: true }));
  let ended = false;
  void deaf.terminator.end(target, 5_000).then(() => (ended = true));
  await deaf.clock.advance(4_800);
  expect(ended).toBe(false);
  await deaf.clock.advance(300);
  expect(ended).toBe(true);
});

test('what the process started is waited for no longer when it has to hurry', async () => {
  const { clock, terminator } = world((_signal, it) => Object.assign(it, { alive: false, followed: true }));
  const ended = terminator.end(target, 60_000, clock.timeout(1_000));
  await clock.advance(1_200);
  expect(await ended).toBe(true);
});

test('kills at once what is suspended, also when that happens after it was asked', async () => {
  const before = world((signal, state) => void (state.alive = signal !== 'SIGKILL'));
  before.state.stopped = true;
  expect(await before.terminator.end(target, 60_000)).toBe(true);
  expect(before.sent).toEqual(['SIGKILL group']);
  const after = world((signal, state) => {
    state.stopped = true;
    state.alive = signal !== 'SIGKILL';
  });
  expect(await after.terminator.end(target, 60_000)).toBe(true);
  expect(after.sent).toEqual(['SIGTERM group', 'SIGKILL group']);
});

test('kills early when it has to hurry', async () => {
  const { clock, sent, terminator } = world((signal, state) => void (state.alive = signal !== 'SIGKILL'));
  const ended = terminator.end(target, 60_000, clock.timeout(1_000));
  await clock.advance(1_100);
  expect(await ended).toBe(true);
  expect(sent).toEqual(['SIGTERM group', 'SIGKILL group']);
});

test('says so when a process does not even end by SIGKILL', async () => {
  const { clock, terminator } = world(() => undefined);
  const ended = terminator.end(target, 0);
  await clock.advance(10_000);
  expect(await ended).toBe(false);
});

test('signals nobody when the process has another start time', async () => {
  const { sent, terminator } = world(() => undefined);
  expect(await terminator.end({ ...target, startTime: '2' }, 5_000)).toBe(true);
  expect(sent).toEqual([]);
});
