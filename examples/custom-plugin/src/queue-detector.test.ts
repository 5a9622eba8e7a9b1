import { expect, test } from 'vitest';
import type { SignalBatch } from '@praetorian-guard/core/plugin';
import { createRig } from '@praetorian-guard/core/testing';
import { QueueDetector } from './queue-detector.ts';

const slot = 3;

function detector(): QueueDetector {
  return new QueueDetector(createRig().context({ agents: {}, queue: { depth: 10, for: 30_000 } }));
}

/** A heartbeat with this queue, and with the last progress at that time of the agent's clock. */
function beat(atMs: number, queueDepth: number, lastProgressAt?: number): SignalBatch {
  const progress = { queueDepth, ...(lastProgressAt === undefined ? {} : { lastProgressAt }) };
  const signal = { kind: 'heartbeat', agentId: 'a', receivedMs: atMs, progress } as const;
  return {
    nowMs: atMs,
    heartbeats: { length: 0, slots: new Uint32Array(), atMs: new Float64Array() },
    signals: [{ slot, signal }],
  };
}

test('suspects an agent whose queue waits and does not move', () => {
  const subject = detector();
  subject.observe(beat(0, 12, 500));
  expect(subject.evaluate([slot], 0)).toEqual([{ slot, suspicions: [], wakeAtMs: 30_000 }]);
  subject.observe(beat(20_000, 15, 500));
  const [evaluation] = subject.evaluate([slot], 30_000);
  expect(evaluation?.suspicions[0]).toMatchObject({
    kind: 'tutorial/queue-stuck',
    evidence: 'progress',
    text: '15 tasks wait and none was finished for 30s',
  });
});

test('does not suspect a busy one: a long queue that moves', () => {
  const subject = detector();
  for (let atMs = 0; atMs <= 120_000; atMs += 10_000) subject.observe(beat(atMs, 500, atMs));
  expect(subject.evaluate([slot], 120_000)[0]?.suspicions).toEqual([]);
});

test('does not suspect an idle one: nothing waits', () => {
  const subject = detector();
  for (let atMs = 0; atMs <= 120_000; atMs += 10_000) subject.observe(beat(atMs, 0, 500));
  expect(subject.evaluate([slot], 120_000)).toEqual([{ slot, suspicions: [] }]);
});

test('clears the suspicion as soon as work moves', () => {
  const subject = detector();
  subject.observe(beat(0, 12, 500));
  expect(subject.evaluate([slot], 40_000)[0]?.suspicions).toHaveLength(1);
  subject.observe(beat(41_000, 11, 600));
  expect(subject.evaluate([slot], 41_000)[0]?.suspicions).toEqual([]);
});

test('forgets the old instance', () => {
  const subject = detector();
  subject.observe(beat(0, 12, 500));
  subject.reset(slot);
  expect(subject.evaluate([slot], 60_000)).toEqual([{ slot, suspicions: [] }]);
});
