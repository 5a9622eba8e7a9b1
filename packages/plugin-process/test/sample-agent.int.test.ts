import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { Harness, isRunning, pidOf, program, until } from './harness.ts';

const main = join(import.meta.dirname, '../../../examples/sample-agent/src/main.ts');
const command = ['node', '--import', import.meta.resolve('tsx'), main];

let harness: Harness;
let guard: Server;
let beats: { agentId: string; instance: string }[];

beforeEach(async () => {
  harness = new Harness();
  beats = [];
  guard = createServer((request, response) => {
    void text(request).then((body) => {
      if (request.url === '/heartbeat') beats.push(JSON.parse(body) as (typeof beats)[number]);
      return response.writeHead(request.url === '/heartbeat' ? 204 : 200).end();
    });
  }).listen(0, '127.0.0.1');
  await once(guard, 'listening');
});

afterEach(async () => {
  await harness.dispose();
  guard.closeAllConnections();
  guard.close();
});

test('the sample agent is run, hangs, and is replaced by one that beats again', async () => {
  const env = { PRAETORIAN_URL: `http://127.0.0.1:${(guard.address() as AddressInfo).port}`, HEARTBEAT_MS: '50' };
  const orchestrator = await harness.start(
    { groups: { workers: { ...program, replicas: 2, command, env } } },
    () => undefined,
  );
  const inventory = await harness.follow(orchestrator).synced();
  await until(() => new Set(beats.map((beat) => beat.instance)).size === 2);
  const old = inventory.instance('workers.1');
  const hang = { method: 'POST', body: '{"kind":"hang"}', headers: { 'content-type': 'application/json' } };
  await fetch(`${old.endpoint}/fault`, hang);
  const action = { kind: 'restart', agentId: 'workers.1', instanceId: old.id, graceMs: 200 } as const;
  const fresh = await harness.act(orchestrator, action, 'k1');
  expect(isRunning(pidOf(old))).toBe(false);
  await until(() => beats.some((beat) => beat.instance === fresh?.id));
  expect((await fetch(`${fresh?.endpoint}/health/ready`)).status).toBe(200);
});
