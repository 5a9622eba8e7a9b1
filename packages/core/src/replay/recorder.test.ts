import { expect, it } from 'vitest';
import { guardError } from '../contracts/index.ts';
import { createVirtualClock, registerSecret } from '../runtime/index.ts';
import { memoryPlace } from './memory-place.ts';
import { Recorder } from './recorder.ts';

function started() {
  const clock = createVirtualClock({ startMs: 1_000 });
  const place = memoryPlace();
  const recorder = new Recorder(clock, place);
  recorder.begin();
  return { clock, recorder, lines: () => place.lines.map((line) => JSON.parse(line) as { [name: string]: unknown }) };
}

it('writes nothing before it begins and after it ended', () => {
  const clock = createVirtualClock();
  const place = memoryPlace();
  const recorder = new Recorder(clock, place);
  recorder.beat({ agentId: 'a', seq: 1 });
  recorder.begin();
  recorder.beat({ agentId: 'a', seq: 2 });
  recorder.end();
  recorder.beat({ agentId: 'a', seq: 3 });
  expect(place.lines).toEqual(['{"t":0,"k":"b","a":"a","s":2}', '{"t":0,"k":"end"}']);
});

it('keeps a plain heartbeat short and any other whole', () => {
  const { recorder, lines } = started();
  recorder.beat({ agentId: 'web."1"', seq: 4 });
  recorder.beat({ agentId: 'web.2', seq: 5, status: 'degraded' });
  recorder.beat({ agentId: 'web.3' });
  expect(lines()).toEqual([
    { t: 1_000, k: 'b', a: 'web."1"', s: 4 },
    { t: 1_000, k: 'b', b: { agentId: 'web.2', seq: 5, status: 'degraded' } },
    { t: 1_000, k: 'b', b: { agentId: 'web.3' } },
  ]);
});

it('says how many timers of the guard had run at the moment of a line', async () => {
  const { clock, recorder, lines } = started();
  recorder.clock.after(50, () => undefined);
  recorder.clock.after(50, () => undefined);
  recorder.clock.timeout(50);
  clock.after(50, () => recorder.beat({ agentId: 'a', seq: 1 }));
  await clock.advance(60);
  recorder.beat({ agentId: 'a', seq: 2 });
  expect(lines()).toEqual([
    { t: 1_050, c: 3, k: 'b', a: 'a', s: 1 },
    { t: 1_060, k: 'b', a: 'a', s: 2 },
  ]);
});

it('counts calls of the same by number, with what came of them and when', async () => {
  const { clock, recorder, lines } = started();
  const about = 'world execute restart web.1';
  await recorder.call({ about, begin: true }, async () => ({ ok: 1 }));
  const late = recorder.call({ about }, async () => {
    await clock.sleep(300);
    throw guardError('GUARD_AGENT_UNKNOWN', { agentId: 'web.1' });
  });
  late.catch(() => undefined);
  await clock.advance(400);
  await expect(late).rejects.toMatchObject({ code: 'GUARD_AGENT_UNKNOWN' });
  expect(lines()).toMatchObject([
    { k: 'q', p: about, n: 1 },
    { k: 'a', p: about, n: 1, f: 1, v: { ok: 1 } },
    { t: 1_300, k: 'a', p: about, n: 2, s: 1_000, e: { code: 'GUARD_AGENT_UNKNOWN', details: { agentId: 'web.1' } } },
  ]);
});

it('tells inputs of one turn of the event loop from those of several', async () => {
  const { clock, recorder, lines } = started();
  recorder.input({ k: 'inv', n: 1 });
  await Promise.resolve();
  recorder.input({ k: 'inv', n: 2 });
  await clock.settle();
  recorder.input({ k: 'inv', n: 3 });
  expect(lines().map(({ u }) => u)).toEqual([undefined, expect.any(Number), undefined]);
});

it('tells that the wall clock was set and that the process stood still, once', async () => {
  const { clock, recorder, lines } = started();
  recorder.clock.after(100, () => undefined);
  recorder.clock.after(120, () => undefined);
  clock.jumpWall(-60_000);
  clock.skipTo(3_000);
  await clock.advance(1);
  expect(lines()).toEqual([
    { t: 3_000, k: 'wall', by: -60_000 },
    { t: 3_000, k: 'stall', ms: 1_900 },
  ]);
});

it('takes out secrets, also of what was answered', async () => {
  registerSecret('s3cr3t-value');
  const { recorder, lines } = started();
  await recorder.call({ about: 'x' }, async () => ({ text: 'token=abcdef and s3cr3t-value' }));
  expect(JSON.stringify(lines())).not.toMatch(/abcdef|s3cr3t-value/);
});
