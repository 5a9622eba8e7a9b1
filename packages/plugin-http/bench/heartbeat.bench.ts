import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { FakeGuard, recordingLogger, systemClock } from '@praetorian-guard/core/testing';
import { bench } from '../../../bench/harness.ts';
import { completeConfig } from '../src/config.ts';
import { assemble } from '../src/handler.ts';

const token = 'bench-token-0123456789';
const body = JSON.stringify({
  agentId: 'web-1',
  instance: 'web-1-i1',
  at: 1_760_000_000_000,
  status: 'ok',
  metrics: { p95_latency_ms: 120, error_rate: 0.001, cpu_usage: 0.31, memory_usage_mb: 412 },
  progress: { activeTasks: 3, queueDepth: 0, lastProgressAt: 1_760_000_000_000 },
});
const headers = {
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(body),
  authorization: `Bearer ${token}`,
};

/** Requests that are under way at once. */
const inFlight = 32;

/** `POST /heartbeat` with its sign-in beside a bare route of the same server that only parses the same body. */
bench('http.heartbeat', async (ctx) => {
  const guard = new FakeGuard();
  guard.putAgent({ id: 'web-1', group: 'web' });
  const config = completeConfig({ tokens: [{ name: 'web-1', role: 'agent', token, agentId: 'web-1' }] });
  const surface = assemble(guard, config, { clock: systemClock(), log: recordingLogger() });
  void surface.app.register(async (scope) => {
    scope.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, text, done) => {
      done(null, JSON.parse(text as string));
    });
    scope.post('/bare', (_request, reply) => void reply.code(204).send());
  });
  await surface.app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = surface.app.server.address() as AddressInfo;
  const agent = new http.Agent({ keepAlive: true, maxSockets: inFlight });
  const post = (path: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const request = http.request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent }, (response) => {
        response.resume();
        response.on('end', () =>
          response.statusCode === 204 ? resolve() : reject(new RangeError(`${path}: ${response.statusCode}`)),
        );
      });
      request.on('error', reject);
      request.end(body);
    });
  const burst = (path: string) => () => Promise.all(Array.from({ length: inFlight }, () => post(path)));
  try {
    const { value, baseline } = await ctx.sideBySide(burst('/heartbeat'), burst('/bare'));
    return { value: value * inFlight, baseline: baseline * inFlight, unit: 'requests/s', better: 'higher' };
  } finally {
    agent.destroy();
    surface.release();
    await surface.app.close();
  }
});
