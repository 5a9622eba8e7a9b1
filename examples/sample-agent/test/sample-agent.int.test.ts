import { afterEach, expect, test } from 'vitest';
import { agent, endAll, guarded, toyGuard, until } from './agent-rig.ts';

afterEach(endAll);

const stateRoute = 'PUT /api/v1/agents/w.1/state?instance=w.1~3';

test('answers the probes and does work', async () => {
  const it = agent();
  expect((await it.ask('GET /health')).status).toBe(200);
  expect((await it.ask('GET /health/live')).body).toMatchObject({
    status: 'alive',
    timestamp: expect.any(String) as string,
  });
  expect(await it.ask('GET /health/ready')).toEqual({
    status: 200,
    body: { ready: true, checks: { accepting: true, queue: true, state: true } },
  });
  await until(async () => ((await it.ask('GET /health/performance')).body['tasks_completed'] as number) > 5);
  const { body } = await it.ask('GET /health/performance');
  expect(Object.keys(body)).toEqual([
    'avg_latency_ms',
    'p95_latency_ms',
    'p99_latency_ms',
    'error_rate',
    'requests_per_second',
    'cpu_usage',
    'memory_usage_mb',
    'tasks_completed',
    'tasks_failed',
  ]);
  expect((await it.ask('POST /work', { data: 'abc' })).body).toMatchObject({
    checksum: 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad',
  });
  expect((await it.ask('GET /nothing')).status).toBe(404);
});

test('takes a state over, goes on counting from it, and refuses a damaged one', async () => {
  const it = agent({ JOB_EVERY_MS: '0', PRAETORIAN_RESTORE: '1', RESTORE_WAIT_MS: '600000' });
  expect(await it.ask('GET /health/ready')).toMatchObject({ status: 503, body: { checks: { state: false } } });
  const other = agent({ JOB_EVERY_MS: '0' });
  for (let job = 0; job < 3; job += 1) await other.ask('POST /work', {});
  const { body: state } = await other.ask('GET /state');
  expect((await it.ask('PUT /state', { ...state, takenAt: 1 })).status).toBe(400);
  expect((await it.ask('GET /health/ready')).status).toBe(503);
  expect((await it.ask('PUT /state', state)).status).toBe(200);
  expect((await it.ask('GET /health/ready')).status).toBe(200);
  await it.ask('POST /work', {});
  expect((await it.ask('GET /state')).body).toMatchObject({ counters: { completed: 4 } });
});

test('registers, sends heartbeats with figures and progress, and checkpoints that can be restored', async () => {
  const { guard, it } = await guarded();
  await until(() => guard.of('POST /heartbeat').length > 2 && guard.of(stateRoute).length > 0);
  const { endpoint } = it.lines.find((line) => line['message'] === 'listening') as { endpoint: string };
  expect(guard.asked[0]).toMatchObject({
    route: 'POST /api/v1/agents',
    token: 'Bearer tok',
    body: { id: 'w.1', group: 'samples', instance: 'w.1~3', generation: 3, endpoint },
  });
  const beats = guard.of('POST /heartbeat').map((asked) => asked.body);
  expect(beats.slice(0, 3).map((beat) => beat['seq'])).toEqual([1, 2, 3]);
  expect(beats[2]).toMatchObject({
    agentId: 'w.1',
    instance: 'w.1~3',
    status: 'ok',
    metrics: { tasks_failed: 0 },
    progress: { queueDepth: 0 },
  });
  expect((await it.ask('PUT /state', guard.of(stateRoute)[0]?.body)).status).toBe(200);
});

test('a guard that is away does no harm, and is found when it comes', async () => {
  const { guard, url } = await toyGuard();
  await guard.stop();
  const it = agent({ PRAETORIAN_URL: url, HEARTBEAT_MS: '50' });
  expect((await it.ask('GET /health/ready')).status).toBe(200);
  await until(() => it.lines.some((line) => line['message'] === 'the guard does not answer; work goes on'));
  const { guard: late } = await toyGuard(Number(new URL(url).port));
  await until(() => late.of('POST /heartbeat').length > 0);
});

test('registers again when the guard does not know it', async () => {
  const { guard } = await guarded();
  await until(() => guard.of('POST /heartbeat').length > 0);
  guard.answer('POST /heartbeat', 404);
  await until(() => guard.of('POST /api/v1/agents').length > 1);
});

test('ends itself when it was replaced', async () => {
  const { guard, it } = await guarded();
  await until(() => guard.of('POST /heartbeat').length > 0);
  guard.answer('POST /heartbeat', 410);
  expect(await it.ended).toEqual({ code: 0, signal: null });
});

test('ends itself when it was replaced before it could register', async () => {
  const { guard, it } = await guarded({ RESTORE_WAIT_MS: '1000' });
  guard.answer('POST /heartbeat', 404);
  guard.answer('POST /api/v1/agents', 410, { code: 'GUARD_AGENT_RETIRED' });
  expect(await it.ended).toEqual({ code: 0, signal: null });
});

test('ends itself when a newer generation is registered', async () => {
  const { guard, it } = await guarded({ RESTORE_WAIT_MS: '1000' });
  guard.answer('POST /heartbeat', 404);
  guard.answer('POST /api/v1/agents', 409, { code: 'GUARD_AGENT_STALE' });
  expect(await it.ended).toEqual({ code: 0, signal: null });
});

test('drains while the guard wants it and works again afterwards; a drain it was called for is final', async () => {
  const { guard, it } = await guarded();
  guard.answer('POST /heartbeat', 200, { instruction: 'drain' });
  await until(async () => (await it.ask('POST /work', {})).status === 503);
  await until(() => guard.of('POST /heartbeat').at(-1)?.body['status'] === 'draining');
  guard.answer('POST /heartbeat', 204);
  await until(async () => (await it.ask('POST /work', {})).status === 200);
  expect((await it.ask('POST /drain', { forMs: 5_000 })).body).toMatchObject({
    drained: true,
    activeTasks: 0,
    queueDepth: 0,
  });
  const beats = guard.of('POST /heartbeat').length;
  await until(() => guard.of('POST /heartbeat').length > beats + 1);
  expect((await it.ask('GET /health/ready')).body).toMatchObject({ ready: false, checks: { accepting: false } });
});

test('is promoted once per epoch, and not by an older order', async () => {
  const { guard, it } = await guarded();
  expect((await it.ask('POST /promote', { epoch: 2, fence: 10 })).status).toBe(200);
  expect((await it.ask('POST /promote', { epoch: 2, fence: 10 })).status).toBe(200);
  expect((await it.ask('POST /promote', { epoch: 3, fence: 9 })).status).toBe(409);
  expect((await it.ask('POST /promote', { epoch: 'x' })).status).toBe(400);
  await until(() => guard.of('POST /heartbeat').at(-1)?.body['epoch'] === 2);
  expect(guard.of('POST /heartbeat').at(-1)?.body['role']).toBe('primary');
});

test('a primary takes no work before its guard has said whether it still leads, and follows what that says', async () => {
  const { guard, it } = await guarded({ ROLE: 'primary', HEARTBEAT_MS: '600' });
  guard.answer('POST /heartbeat', 200, { instruction: 'epoch', epoch: 3, primary: 'w.2' });
  await until(() => guard.of('POST /heartbeat').some(({ body }) => body['epoch'] === 3));
  expect(guard.of('POST /heartbeat').at(-1)?.body).toMatchObject({ role: 'replica', epoch: 3, lag: 0 });
  expect((await it.ask('POST /work', {})).status).toBe(503);
  guard.answer('POST /heartbeat', 200, { instruction: 'epoch', epoch: 4, primary: 'w.1' });
  await until(async () => (await it.ask('POST /work', {})).status === 200);
});

test('fault errors: jobs fail, the rate rises, and the guard is told', async () => {
  const { guard, it } = await guarded();
  await it.fault('errors');
  expect((await it.ask('POST /work', {})).status).toBe(500);
  await until(() => guard.of('POST /api/v1/agents/w.1/errors').length > 0);
  expect(guard.of('POST /api/v1/agents/w.1/errors')[0]?.body).toMatchObject({
    message: 'checksum mismatch in block',
    type: 'JobError',
    instance: 'w.1~3',
  });
  expect((await it.ask('GET /health/performance')).body['error_rate']).toBeGreaterThan(0);
  await it.fault('none');
  expect((await it.ask('POST /work', {})).status).toBe(200);
});

test('fault log-errors: jobs are done, and only the log tells of errors', async () => {
  const { guard, it } = await guarded();
  await it.fault('log-errors');
  expect((await it.ask('POST /work', {})).status).toBe(200);
  await until(() =>
    it.lines.some((line) => line['level'] === 'error' && String(line['message']).startsWith('cache entry')),
  );
  const heard = guard.of('POST /heartbeat').length;
  await until(() => guard.of('POST /heartbeat').length > heard + 1);
  expect(guard.of('POST /api/v1/agents/w.1/errors')).toEqual([]);
  expect((await it.ask('GET /health/performance')).body['error_rate']).toBe(0);
});

test('fault slow: the measured latency rises', async () => {
  const it = agent({ JOB_EVERY_MS: '0' });
  await it.fault('slow', { delayMs: 30 });
  await it.ask('POST /work', {});
  expect((await it.ask('GET /health/performance')).body['p95_latency_ms']).toBeGreaterThan(250);
});

test('fault silent: no heartbeats, but every probe is answered', async () => {
  const { guard, it } = await guarded();
  await until(() => guard.of('POST /heartbeat').length > 0);
  await it.fault('silent');
  const from = Date.now();
  // Long enough for several heartbeats, had there been any.
  await until(() => Date.now() > from + 300);
  expect((await it.ask('GET /health/live')).status).toBe(200);
  const to = Date.now();
  await it.fault('none');
  const sentAt = (): number[] => guard.of('POST /heartbeat').map((asked) => asked.body['at'] as number);
  await until(() => sentAt().some((at) => at > to));
  const meanwhile = sentAt().filter((at) => at > from && at < to);
  expect(meanwhile).toEqual([]);
});

test('fault corrupt: no agent takes the state over', async () => {
  const it = agent();
  await it.fault('corrupt');
  await until(async () => (await it.ask('GET /fault')).body['kind'] === 'corrupt');
  const { body } = await it.ask('GET /state');
  expect((await it.ask('PUT /state', body)).status).toBe(400);
});

test('fault leak: memory grows up to the cap', async () => {
  const it = agent({ JOB_EVERY_MS: '0' });
  const before = (await it.ask('GET /health/performance')).body['memory_usage_mb'] as number;
  await it.fault('leak', { capMb: 60, mbPerSecond: 500 });
  await until(async () => ((await it.ask('GET /health/performance')).body['memory_usage_mb'] as number) > before + 40);
});

test('fault crash: exits with code 1', async () => {
  const it = agent();
  await it.fault('crash');
  expect(await it.ended).toEqual({ code: 1, signal: null });
});

test('fault hang: SIGTERM is not heard, only SIGKILL ends it', async () => {
  const it = agent();
  await it.fault('hang');
  const answered = await fetch(`${it.lines[0]?.['endpoint'] as string}/health/live`, {
    signal: AbortSignal.timeout(500),
  }).then(
    () => true,
    () => false,
  );
  expect(answered).toBe(false);
  it.child.kill('SIGTERM');
  it.child.kill('SIGKILL');
  expect(await it.ended).toEqual({ code: null, signal: 'SIGKILL' });
});

test('ends cleanly on SIGTERM', async () => {
  const { it } = await guarded();
  await it.ask('GET /health');
  it.child.kill('SIGTERM');
  expect(await it.ended).toEqual({ code: 0, signal: null });
});

test('says clearly what is wrong at the start', async () => {
  const first = agent();
  await first.ask('GET /health');
  const port = new URL(first.lines[0]?.['endpoint'] as string).port;
  const second = agent({ PORT: port });
  expect(await second.ended).toMatchObject({ code: 1 });
  expect(second.lines[0]?.['message']).toBe(
    `PORT ${port} is in use by another process; set another PORT, or 0 for a free one.`,
  );
  const third = agent({ PORT: 'x' });
  expect(await third.ended).toMatchObject({ code: 2 });
});

test('bad requests are told what is wrong with them', async () => {
  const it = agent();
  expect((await it.ask('POST /fault', { kind: 'melt' })).body['detail']).toMatch(/allowed are crash, hang/);
  expect((await it.ask('POST /work', { data: 5 })).status).toBe(400);
  expect((await it.ask('POST /work', [])).status).toBe(400);
  const endpoint = it.lines[0]?.['endpoint'] as string;
  expect((await fetch(`${endpoint}/fault`, { method: 'POST', body: '{"kind":"crash"}' })).status).toBe(400);
  expect(
    (await fetch(`${endpoint}/fault`, { method: 'POST', body: '{', headers: { 'content-type': 'application/json' } }))
      .status,
  ).toBe(400);
});
