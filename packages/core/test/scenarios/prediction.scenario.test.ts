import { afterEach, describe, expect, it } from 'vitest';
import type { Incident, Notice } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { leakWorld, type LeakWorld } from './leak-world.ts';
import { healthy } from './rig.ts';

const id = 'web.2';
let rig: GuardRig | undefined;

async function world(prediction: object, config: object = {}): Promise<LeakWorld> {
  const made = await leakWorld(prediction, config);
  rig = made.rig;
  await healthy(made.rig);
  made.rig.fleet.suffer(id, 'leak');
  return made;
}

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

const first = async (one: GuardRig): Promise<Incident | undefined> => (await one.incidents())[0];
const waitsWith = (one: GuardRig, code: string): Promise<boolean> =>
  one.until(async () => (await first(one))?.because.code === code, 1_200_000, 1_000);
const notices = (one: GuardRig): readonly Notice[] =>
  one.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice);

describe('a slow leak', () => {
  it('is healed before the end in a quiet moment, by a restart with drain, without a failed request', async () => {
    const { rig, kinds, requests } = await world({ mode: 'act' });
    expect(await rig.until(async () => (await first(rig))?.state === 'resolved', 1_200_000, 1_000)).toBe(true);
    const incident = (await first(rig)) as Incident;
    expect(incident).toMatchObject({ agentId: id, outcome: 'healed' });
    expect(kinds()).toEqual(['restart']);
    const lines = await rig.timeline(incident);
    const start = lines.find(({ type }) => type === 'attempt-started');
    expect(start?.reason).toMatchObject({ code: 'predicted-failure' });
    expect(start?.reason.text).toMatch(
      /memory grows \d[\d.]* MB\/min \(at least [\d.]+\), reaches 512 MB in about \d+m/,
    );
    expect(incident.attempts[0]?.steps.map(({ id: step }) => step.replace(/^\d+-/, ''))).toContain('drain');
    expect(requests.failed).toBe(0);
    expect(requests.answered).toBeGreaterThan(1_000);
    // It never came to the end that was foreseen.
    expect(
      rig.events.some((event) => event.type === 'finding.raised' && event.data.finding.kind === 'oom-killed'),
    ).toBe(false);
  });

  it('of a busy agent waits for a quiet moment', async () => {
    const { rig, kinds } = await world({ mode: 'act' });
    rig.fleet.occupy(id, 4);
    expect(await waitsWith(rig, 'not-quiet')).toBe(true);
    await rig.clock.advance(60_000);
    expect(kinds()).toEqual([]);
    expect((await rig.guard().explain(id)).wouldChange.join()).toContain('quiet moment');
    rig.fleet.occupy(id, 0);
    expect(await rig.until(() => kinds().length > 0, 15_000)).toBe(true);
    expect(kinds()).toEqual(['restart']);
  });

  it('of an agent that is never quiet does not wait beyond the margin', async () => {
    const { rig, kinds, orchestrator } = await world({ mode: 'act' });
    rig.fleet.occupy(id, 4);
    const old = orchestrator.current(id).id;
    expect(await rig.until(() => kinds().length > 0, 1_200_000, 1_000)).toBe(true);
    expect(kinds()).toEqual(['restart']);
    expect(orchestrator.executed[0]?.action).toMatchObject({ agentId: id, instanceId: old });
    const lines = await rig.timeline((await first(rig)) as Incident);
    expect(lines.map(({ reason }) => reason.code)).toContain('predicted-failure');
    const died = rig.events.filter(
      (event) => event.type === 'finding.raised' && event.data.finding.kind === 'oom-killed',
    );
    expect(died).toEqual([]);
  });

  it('is only told of in mode off, and the agent is healed when it has failed', async () => {
    const { rig, kinds } = await world({ mode: 'off' });
    expect(await waitsWith(rig, 'prediction-off')).toBe(true);
    expect(notices(rig).map(({ kind }) => kind)).toContain('degraded');
    await rig.clock.advance(120_000);
    expect(kinds()).toEqual([]);
    expect(await rig.until(async () => (await first(rig))?.state === 'resolved', 1_200_000, 1_000)).toBe(true);
    const findings = rig.events
      .filter((event) => event.type === 'finding.raised')
      .map((event) => event.data.finding.kind);
    expect(findings).toContain('oom-killed');
    expect(kinds()).toHaveLength(1);
  });

  it('is answered by a suggestion in mode suggest, once, with what would be done', async () => {
    const { rig, kinds } = await world({ mode: 'suggest' });
    expect(await waitsWith(rig, 'prediction-suggested')).toBe(true);
    const incident = (await first(rig)) as Incident;
    expect(incident.because.text).toContain('would restart web.2 in a quiet moment');
    await rig.clock.advance(120_000);
    expect(kinds()).toEqual([]);
    expect(notices(rig).filter(({ kind }) => kind === 'degraded')).toHaveLength(1);
  });

  it('that stops by itself leaves nothing behind', async () => {
    const { rig, kinds } = await world({ mode: 'suggest' });
    expect(await waitsWith(rig, 'prediction-suggested')).toBe(true);
    rig.fleet.recover(id);
    expect(await rig.until(async () => (await first(rig))?.state === 'resolved', 300_000, 1_000)).toBe(true);
    expect(await first(rig)).toMatchObject({ outcome: 'self-recovered', attempts: [] });
    expect(kinds()).toEqual([]);
  });

  it('stays foretold when the guard is killed and comes back', async () => {
    const { rig, kinds } = await world({ mode: 'suggest' });
    expect(await waitsWith(rig, 'prediction-suggested')).toBe(true);
    const before = (await first(rig))?.id;
    // What was learned is written once a minute.
    await rig.clock.advance(75_000);
    rig.crash();
    await rig.clock.advance(3_000);
    await rig.boot();
    await rig.clock.advance(45_000);
    expect(await first(rig)).toMatchObject({ id: before, state: 'open', because: { code: 'prediction-suggested' } });
    expect(rig.guard().agents.get(id).findings).toMatchObject([{ kind: 'exhaustion' }]);
    expect(kinds()).toEqual([]);
  });

  it('waits for a hold like everything else', async () => {
    const { rig, kinds } = await world({ mode: 'act' });
    const scope = { kind: 'agent', agentId: id } as const;
    await rig.guard().hold({ scope, reason: 'debugging', by: 'ann', ttlMs: 3_600_000 });
    expect(await rig.until(async () => (await first(rig))?.state === 'held', 1_200_000, 1_000)).toBe(true);
    await rig.clock.advance(60_000);
    expect(kinds()).toEqual([]);
  });
});
