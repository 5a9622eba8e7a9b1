import { expect, it } from 'vitest';
import { LocalTasks } from './local-tasks.ts';
import type { Member } from './service-roster.ts';

function member(agentId: string, NodeID: string | undefined, ContainerID: string): Member {
  const current = { NodeID, Status: { ContainerStatus: { ContainerID } } };
  return { agentId, instanceId: `${agentId}~1`, view: { current } } as unknown as Member;
}

const members = [
  member('web.1', 'here', 'c1'),
  member('web.2', 'elsewhere', 'c2'),
  member('web.3', undefined, 'c3'),
  member('web.4', 'here', ''),
];

it('knows the containers of the tasks on its own node, and no others', () => {
  const tasks = new LocalTasks({ all: () => members }, () => 'here');
  expect(tasks.all()).toEqual([{ agentId: 'web.1', instanceId: 'web.1~1', facts: { Id: 'c1' } }]);
  expect(tasks.member('c1')?.agentId).toBe('web.1');
  expect(tasks.member('c2')).toBeUndefined();
});

it('knows none before the engine has said which node it is', () => {
  expect(new LocalTasks({ all: () => members }, () => undefined).all()).toEqual([]);
});
