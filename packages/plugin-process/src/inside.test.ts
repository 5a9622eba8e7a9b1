import { EventEmitter } from 'node:events';
import { expect, test, vi } from 'vitest';
import { Inside, type InsideParts } from './inside.ts';

/** As Node gives a child for which the system has no descriptors left: without outputs, and with an error to come. */
vi.mock('node:child_process', () => ({
  spawn: () => {
    const child = new EventEmitter();
    process.nextTick(() => child.emit('error', Object.assign(new Error('spawn true EMFILE'), { code: 'EMFILE' })));
    return child;
  },
}));

test('a command for which the system has no descriptors left fails, and says nothing of the program', async () => {
  const record = { instanceId: 'web~1', phase: 'running', identity: { pid: 1, startTime: '1' } };
  const inside = new Inside({
    records: { entries: () => [{ agentId: 'web', instances: [record] }] },
    roster: { spec: () => ({}) },
    table: { isAlive: () => true },
    launcher: { surroundings: () => ({ cwd: '/', env: {} }), programPath: (program: string) => program },
    newKey: () => 'key',
  } as unknown as InsideParts);
  const call = { signal: new AbortController().signal, traceId: 't' };
  await expect(inside.run({ id: 'web~1', generation: 1 }, ['true'], call)).rejects.toMatchObject({
    code: 'GUARD_ORCHESTRATOR_FAILED',
    message: 'The orchestrator process could not run a command in web: spawn true EMFILE.',
  });
});
