import { expect, test } from 'vitest';
import { bearsKey, rolled, scaled } from './spec-changes.ts';
import type { ServiceSpec } from './swarm-facts.ts';

const spec = {
  Name: 'web',
  Labels: { mine: '1', 'praetorian.key': 'before' },
  TaskTemplate: {
    ContainerSpec: { Image: 'web:1', Command: ['entry'], Args: ['serve'], Env: ['A=1', 'B=2'], Secrets: ['kept'] },
    Resources: { Limits: { Pids: 5 }, Reservations: { MemoryBytes: 100, NanoCPUs: 1e8 } },
    ForceUpdate: 4,
    Networks: ['kept'],
  },
  Mode: { Replicated: { Replicas: 3 } },
  EndpointSpec: { Mode: 'vip' },
} as ServiceSpec;

test('a roll changes a counter and leaves its key, and nothing else', () => {
  const next = rolled(spec, 'k');
  expect(next).toEqual({
    ...spec,
    Labels: { mine: '1', 'praetorian.key': 'k' },
    TaskTemplate: { ...spec.TaskTemplate, ForceUpdate: 5 },
  });
  expect([bearsKey({ Spec: next }, 'k'), bearsKey({ Spec: spec }, 'k')]).toEqual([true, false]);
});

test('a change that somebody made on top of that of the guard is not taken for its own, although the key is still there', () => {
  const ours = rolled(spec, 'k');
  const theirs = { ...ours, Labels: { ...ours.Labels, theirs: '1' } };
  expect(bearsKey({ Spec: ours, PreviousSpec: spec }, 'k')).toBe(true);
  expect(bearsKey({ Spec: theirs, PreviousSpec: ours }, 'k')).toBe(false);
});

test('an override sets what it names; what is reserved stays within the limits', () => {
  const override = { memoryLimit: 50, cpuLimit: 0.5, timeoutMs: 9, image: 'web:2', command: ['x'], env: { B: '3' } };
  expect(rolled(spec, 'k', override).TaskTemplate).toEqual({
    ...spec.TaskTemplate,
    ContainerSpec: {
      Image: 'web:2',
      Command: ['entry'],
      Args: ['x'],
      Env: ['A=1', 'B=3', 'PRAETORIAN_TIMEOUT_MS=9'],
      Secrets: ['kept'],
    },
    Resources: {
      Limits: { Pids: 5, MemoryBytes: 50, NanoCPUs: 5e8 },
      Reservations: { MemoryBytes: 50, NanoCPUs: 1e8 },
    },
    ForceUpdate: 5,
  });
});

test('an override also does for a spec that names next to nothing', () => {
  const bare = { Name: 'bare', TaskTemplate: {}, Mode: { Global: {} } };
  const { TaskTemplate: template, Labels: labels } = rolled(bare, 'k', { env: { A: '1' }, memoryLimit: 5 });
  expect(template).toEqual({
    ContainerSpec: { Env: ['A=1'] },
    Resources: { Limits: { MemoryBytes: 5 }, Reservations: {} },
    ForceUpdate: 1,
  });
  expect(labels).toEqual({ 'praetorian.key': 'k' });
});

test('scaling changes the number of replicas, and rolls nothing', () => {
  expect(scaled(spec, 'k', 7)).toEqual({
    ...spec,
    Labels: { mine: '1', 'praetorian.key': 'k' },
    Mode: { Replicated: { Replicas: 7 } },
  });
});
