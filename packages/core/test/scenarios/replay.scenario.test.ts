import { expect, it } from 'vitest';
import { compare, parseRecord, replay } from '../../src/replay/index.ts';
import { RecordReader } from '../../src/replay/read-record.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { quick } from './rig.ts';

const agents = ['web.1', 'web.2', 'web.3'];

interface Recorded {
  readonly rig: GuardRig;
  readonly world: FakeOrchestrator;
}

async function recorded(config: object = {}): Promise<Recorded> {
  const made: FakeOrchestrator[] = [];
  const rig = await createGuardRig({
    record: true,
    agents,
    groupOf: () => 'web',
    config: { ...quick, ...config },
    orchestrator: (clock) => {
      const list = agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` }));
      const one = new FakeOrchestrator({
        clock,
        agents: list,
        takesMs: { restart: 300, recreate: 800, respawn: 1_500 },
      });
      made.push(one);
      return one;
    },
  });
  await rig.clock.advance(20_000);
  return { rig, world: made[0] as FakeOrchestrator };
}

/** One ends, one hangs, one gets slow; each is given time to be healed. */
async function suffer({ rig, world }: Recorded): Promise<void> {
  world.crash('web.2', { exitCode: 137, exitSignal: 'SIGKILL' });
  await rig.clock.advance(60_000);
  rig.fleet.suffer('web.1', 'hang');
  await rig.clock.advance(90_000);
  rig.fleet.suffer('web.3', 'slow');
  await rig.clock.advance(60_000);
}

const recordOf = ({ rig }: Recorded, life = 0) => parseRecord(rig.records[life]?.lines ?? []);

it('a record replayed under its own config decides the same, to the byte and the millisecond, every time', async () => {
  const run = await recorded();
  await suffer(run);
  const record = recordOf(run);
  expect(record.outputs.filter(({ k }) => k === 'd').length).toBeGreaterThan(30);
  const [first, second] = [await replay(record), await replay(record)];
  expect(first.outputs).toEqual(record.outputs);
  expect(JSON.stringify(second.outputs)).toBe(JSON.stringify(first.outputs));
  expect(first.supposed).toEqual([]);
  expect(compare(record.outputs, first.outputs, record.endMs)).toMatchObject({ identical: true, same: true });
});

it('what people ask for is asked again: holds, releases, approvals and orders', async () => {
  const run = await recorded({ groups: { web: { mode: 'approve' } } });
  const { rig, world } = run;
  const guard = rig.guard();
  const hold = await guard.hold({
    scope: { kind: 'agent', agentId: 'web.2' },
    reason: 'a look',
    ttlMs: 600_000,
    by: 'ann',
  });
  world.crash('web.2', { exitCode: 1 });
  world.crash('web.3', { exitCode: 1 });
  await rig.clock.advance(15_000);
  await guard.release(hold.id, { by: 'ann' });
  await rig.clock.advance(5_000);
  for (const { id, state } of await rig.incidents())
    if (state === 'awaiting-approval') await guard.approve(id, { by: 'ann', note: 'go on' });
  await rig.clock.advance(90_000);
  await guard.respawn('web.1', { by: 'ben' });
  await rig.clock.advance(30_000);
  const record = recordOf(run);
  const codes = record.outputs.flatMap((line) => (line.k === 'd' ? [line.code] : []));
  expect([...new Set(codes)]).toEqual(
    expect.arrayContaining(['held', 'released', 'approval-granted', 'watch-passed', 'operator-respawn']),
  );
  const done = await replay(record);
  expect(done.refused).toEqual([]);
  expect(done.outputs).toEqual(record.outputs);
});

it('a life that took over open incidents, holds and budgets is replayed from what it found', async () => {
  const run = await recorded();
  const { rig, world } = run;
  await rig.guard().hold({ scope: { kind: 'agent', agentId: 'web.1' }, reason: 'a look', ttlMs: 600_000, by: 'ann' });
  world.crash('web.1', { exitCode: 1 });
  world.crash('web.2', { exitCode: 1 });
  await rig.clock.advance(5_000);
  rig.crash();
  await rig.clock.advance(3_000);
  await rig.boot();
  await rig.clock.advance(120_000);
  const second = recordOf(run, 1);
  expect(second.outputs.some((line) => line.k === 'd' && line.type !== 'opened' && line.agent === 'web.2')).toBe(true);
  for (const life of [0, 1]) {
    const record = recordOf(run, life);
    const done = await replay(record);
    expect(compare(record.outputs, done.outputs, record.endMs)).toMatchObject({ identical: true });
  }
});

it('a plan that waited when the life began counts as it did for the recorded guard, with the votes it had', async () => {
  const run = await recorded({ groups: { web: { mode: 'approve' } }, approvals: { quorum: 2 } });
  const { rig, world } = run;
  world.crash('web.2', { exitCode: 1 });
  await rig.clock.advance(15_000);
  const [incident] = await rig.incidents();
  await rig.guard().approve(incident?.id ?? '', { by: 'ann' });
  rig.crash();
  await rig.clock.advance(3_000);
  await rig.boot();
  await rig.clock.advance(15_000);
  await rig.guard().approve(incident?.id ?? '', { by: 'ben' });
  await rig.clock.advance(90_000);
  const record = recordOf(run, 1);
  const done = await replay(record);
  expect(record.outputs.flatMap((line) => (line.k === 'd' ? [line.code] : []))).toContain('watch-passed');
  expect(done).toMatchObject({ refused: [], supposed: [] });
  expect(compare(record.outputs, done.outputs, record.endMs)).toMatchObject({ identical: true });
});

it('under another config it is told for each agent what would be decided first, and nothing is done', async () => {
  const run = await recorded();
  await suffer(run);
  const record = recordOf(run);
  const config = { ...record.header.config, groups: { web: { mode: 'observe' } } };
  const done = await replay(record, { config });
  const { same, differences, suspicions } = compare(record.outputs, done.outputs, record.endMs);
  expect(same).toBe(false);
  expect(differences.map(({ agent }) => agent).sort()).toEqual(agents);
  const second = differences.find(({ agent }) => agent === 'web.2');
  expect(second?.was).toMatchObject({ type: 'attempt-started', rung: 'restart' });
  expect(second?.wouldBe).toMatchObject({ type: 'waiting', code: 'mode-observe' });
  expect(suspicions.same).toBeGreaterThan(0);
  expect(done.supposed).toEqual([]);
});

it('an action the record does not know is supposed to succeed, and is told', async () => {
  const run = await recorded({ groups: { web: { mode: 'observe' } } });
  await suffer(run);
  const record = recordOf(run);
  const config = { ...record.header.config, groups: { web: { mode: 'auto' } } };
  const done = await replay(record, { config });
  expect(done.supposed.map(({ call }) => call)).toContain('world execute restart web.2');
  expect(compare(record.outputs, done.outputs, record.endMs).same).toBe(false);
});

it('a part from the middle of a life is replayed from its head, and after the part before it as one record', async () => {
  const run = await recorded();
  const place = run.rig.records[0];
  const first = (await place?.nextPart()) ?? [];
  await run.rig.clock.advance(10_000);
  run.world.crash('web.2', { exitCode: 1 });
  await run.rig.clock.advance(60_000);
  const second = place?.lines ?? [];

  const alone = parseRecord(second);
  expect(alone.inputs.filter(({ k, t }) => k === 'inv' && t === alone.header.t)).toHaveLength(agents.length + 1);
  const found = compare(alone.outputs, (await replay(alone)).outputs, alone.endMs);
  expect(found.differences).toEqual([]);
  expect(found.decisions.recorded).toBeGreaterThan(5);

  const reader = new RecordReader();
  for (const [file, lines] of Object.entries({ first, second })) {
    reader.begin(file);
    for (const line of lines) reader.line(line);
  }
  const whole = reader.end();
  expect((await replay(whole)).outputs).toEqual(whole.outputs);
});

it('a wall clock that was set on is set on again', async () => {
  const run = await recorded();
  run.world.crash('web.2', { exitCode: 1 });
  await run.rig.clock.advance(2_000);
  run.rig.clock.jumpWall(3_600_000);
  await run.rig.clock.advance(60_000);
  const record = recordOf(run);
  expect(record.inputs.filter(({ k }) => k === 'wall')).toMatchObject([{ by: 3_600_000 }]);
  expect((await replay(record)).outputs).toEqual(record.outputs);
});

it('a record holds no secret that was said to the guard', async () => {
  const run = await recorded();
  run.rig
    .guard()
    .ingest({ kind: 'error', agentId: 'web.1', message: 'login failed: password=hunter2hunter2', count: 1 });
  await run.rig.clock.advance(1_000);
  const text = (run.rig.records[0]?.lines ?? []).join('\n');
  expect(text).toContain('login failed');
  expect(text).not.toContain('hunter2');
});

it('a replay that is a little behind the run still acts before it hears what its action brought about', async () => {
  const run = await recorded();
  run.world.crash('web.2', { exitCode: 137, exitSignal: 'SIGKILL' });
  await run.rig.clock.advance(60_000);
  const lines = run.rig.records[0]?.lines ?? [];
  const begun = lines.findIndex((line) => line.includes('"k":"q"') && line.includes('execute restart web.2'));
  // As if the run had been 320 ms ahead of the replay when the new instance was listed: before the replay acts.
  const ahead = lines.map((text, at) => {
    const { c: _timers, u: _turns, ...line } = JSON.parse(text) as { k: string; t: number; c?: number; u?: number };
    return at > begun && line.k === 'inv' ? JSON.stringify({ ...line, t: line.t - 320 }) : text;
  });
  expect(ahead).not.toEqual(lines);
  const record = parseRecord(ahead);
  const done = await replay(record);
  expect(compare(record.outputs, done.outputs, record.endMs)).toMatchObject({ same: true });
});
