import { describe, expect, test } from 'vitest';
import { agentIdOf, discovered, endpointOf, groupOf } from './service-naming.ts';
import { nodesById } from './swarm-facts.ts';
import { aService, aTask } from '../../test/swarm-samples.ts';

const nodes = nodesById([
  { ID: 'n1', Description: { Hostname: 'one' }, Status: { Addr: '10.0.0.1' } },
  { ID: 'n2', Description: { Hostname: 'twin' }, Status: { Addr: '10.0.0.2' } },
  { ID: 'n3', Description: { Hostname: 'twin' } },
]);
const agents = ['db.1', 'stack_cache.1', 'stack_cache.2', 'x-job.1'];
const around = {
  idPrefix: 'x-',
  reach: 'container' as const,
  host: '192.0.2.1',
  nodeId: () => 'n1',
  node: (id: string) => nodes.get(id),
  isAgent: (id: string) => agents.includes(id),
  members: (group: string) => agents.filter((id) => id.startsWith(`${group}.`) || id.startsWith(`${group.slice(2)}.`)),
};

test('an agent is named after its service and slot, or its node where that has a name of its own', () => {
  expect(agentIdOf(aService(), '3', around)).toBe('x-web.3');
  const global = aService({ global: true });
  expect(['n1', 'n2', 'n9'].map((id) => agentIdOf(global, id, around))).toEqual(['x-web.one', 'x-web.n2', 'x-web.n9']);
  expect(groupOf(aService(), 'x-')).toBe('x-web');
  expect(groupOf(aService({ labels: { 'praetorian.group': 'g' } }), 'x-')).toBe('g');
  expect(groupOf(aService({ labels: { 'praetorian.group': 'no group' } }), 'x-')).toBeUndefined();
});

test('dependencies are agents, groups, services of the same stack, or somebody who may come', () => {
  const service = aService({
    labels: {
      'praetorian.depends-on': 'db.1, cache, later, job.1',
      'praetorian.key': 'k',
      'com.docker.stack.namespace': 'stack',
    },
  });
  const view = { name: '1', tasks: [aTask()], current: aTask(), state: 'running' as const };
  const agent = discovered(
    { agentId: 'x-web.1', group: 'x-web', generation: 2, service, view, rollout: 'paused' },
    around,
  );
  expect(agent).toMatchObject({
    dependsOn: ['db.1', 'later', 'stack_cache.1', 'stack_cache.2', 'x-job.1'],
    rollout: 'paused',
    instance: {
      id: 'x-web.1~task',
      generation: 2,
      ref: { service: 'service', task: 'task', container: 'container-task' },
    },
  });
  expect(agent.labels).toEqual({ 'depends-on': 'db.1, cache, later, job.1' });
});

describe('the endpoint', () => {
  const attached = [
    { Network: { Spec: { Name: 'ingress', Ingress: true } }, Addresses: ['10.255.0.2/16'] },
    { Network: { Spec: { Name: 'back' } }, Addresses: ['10.1.0.5/24'] },
    { Network: { Spec: { Name: 'front' } }, Addresses: ['10.2.0.5/24'] },
  ];
  const ports = [
    { TargetPort: 80, PublishedPort: 31_000, PublishMode: 'ingress' },
    { TargetPort: 81, PublishedPort: 31_001, PublishMode: 'host' },
  ];
  const task = aTask({ node: 'n1', attached, ports });

  test('is there only with a label that names the port, and for a task that runs', () => {
    expect(endpointOf(task, {}, around)).toBeUndefined();
    expect(endpointOf(aTask({ state: 'starting', attached }), { 'praetorian.port': '80' }, around)).toBeUndefined();
  });

  test('is the address on the named network, or on the first that is not the routing mesh', () => {
    expect(endpointOf(task, { 'praetorian.port': '80' }, around)).toBe('http://10.1.0.5:80');
    const labels = { 'praetorian.port': '80', 'praetorian.network': 'front' };
    expect(endpointOf(task, labels, around)).toBe('http://10.2.0.5:80');
    const six = aTask({ attached: [{ Network: { Spec: { Name: 'six' } }, Addresses: ['fd00::5/64'] }] });
    expect(endpointOf(six, { 'praetorian.port': '80' }, around)).toBe('http://[fd00::5]:80');
  });

  test('is the port that is published on the node of the task, never one of the routing mesh', () => {
    const published = { ...around, reach: 'published' as const };
    expect(endpointOf(task, { 'praetorian.port': '81' }, published)).toBe('http://192.0.2.1:31001');
    const afar = aTask({ node: 'n2', ports });
    expect(endpointOf(afar, { 'praetorian.port': '81' }, published)).toBe('http://10.0.0.2:31001');
    expect(endpointOf(task, { 'praetorian.port': '80' }, published)).toBeUndefined();
    // Without a network of its own that is also what is left to reach it by.
    expect(endpointOf(afar, { 'praetorian.port': '81' }, around)).toBe('http://10.0.0.2:31001');
  });
});
