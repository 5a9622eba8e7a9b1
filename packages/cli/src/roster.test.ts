import type { AgentStatus } from '@praetorian-guard/core/plugin';
import { expect, test } from 'vitest';
import { breakText, rosterText } from './roster.ts';
import { plain } from './style.ts';

const agent = (id: string, group: string, more: object = {}): AgentStatus =>
  ({
    health: 'healthy',
    mode: 'auto',
    agent: { id, group, labels: {}, source: 'orchestrator', ...more },
  }) as AgentStatus;
const instance = { id: 'i', generation: 1, endpoint: 'http://127.0.0.1:4001', ref: { pid: 77 } };

test('agents stand under their group, in order', () => {
  const text = rosterText([agent('w.2', 'workers'), agent('p.1', 'planners', { instance }), agent('w.1', 'workers')]);
  expect(text.split('\n').map((line) => line.split(/ +/).slice(0, 2).join(' '))).toEqual([
    'GROUP AGENT',
    'planners p.1',
    'workers w.1',
    'workers w.2',
  ]);
  expect(text).toMatch(/p\.1 +auto +77 +http:\/\/127\.0\.0\.1:4001/);
});

test('a sample agent is shown with every way to break it', () => {
  const text = breakText(plain, [agent('w.1', 'workers', { instance, labels: { kind: 'sample' } })]);
  for (const kind of ['crash', 'hang', 'slow', 'errors', 'silent']) expect(text).toContain(`-d '{"kind":"${kind}"}'`);
  expect(text).toContain("curl -X POST 'http://127.0.0.1:4001/fault' -H");
  expect(text).toContain('kill -9 77');
});

test('an address of an agent neither steers the terminal nor becomes a command', () => {
  const endpoint = "http://127.0.0.1:4001/\u001b[2J';reboot;'";
  const agents = [agent('w.1', 'workers', { instance: { ...instance, endpoint }, labels: { kind: 'sample' } })];
  expect(rosterText(agents)).not.toContain('\u001b');
  const text = breakText(plain, agents);
  expect(text).not.toContain('\u001b');
  expect(text).toContain("curl -X POST 'http://127.0.0.1:4001/%1B[2J'\\'';reboot;'\\''/fault' -H");
});

test('nobody is told how to break an agent that only says of itself that it is a sample', () => {
  const more = { instance, labels: { kind: 'sample' }, source: 'registration' };
  expect(breakText(plain, [agent('w.1', 'workers', more)])).toBeUndefined();
});

test('nobody is told how to break a real agent', () => {
  expect(breakText(plain, [agent('w.1', 'workers', { instance })])).toBeUndefined();
});
