import { describe, expect, it, vi } from 'vitest';
import type { Call, InventoryEvent, StateStore } from '../../src/contracts/index.ts';
import type { GuardRig, VirtualClock } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick } from './rig.ts';

const id = 'solo.1';

/** Runs agents that it tells nobody of: for the guard they are processes that somebody else started. */
class UnseenOrchestrator extends FakeOrchestrator {
  override async *inventory(call: Call): AsyncGenerator<InventoryEvent> {
    yield { type: 'synced' };
    await new Promise((resolve) => call.signal.addEventListener('abort', resolve, { once: true }));
  }
}

function soloRig(
  agents: readonly string[] = [id],
  storeOf?: (inner: StateStore, clock: VirtualClock) => StateStore,
): Promise<GuardRig> {
  return createGuardRig({
    orchestrator: (clock) =>
      new UnseenOrchestrator({ clock, agents: agents.map((one) => ({ id: one, group: 'solo' })) }),
    agents,
    groupOf: () => 'solo',
    config: quick,
    ...(storeOf ? { storeOf } : {}),
  });
}

interface Disk {
  /** Every commit takes this long. */
  commitMs: number;
}

function storeOn(disk: Disk, inner: StateStore, clock: VirtualClock): StateStore {
  const commit: StateStore['commit'] = async (...given) => {
    if (disk.commitMs > 0) await clock.sleep(disk.commitMs);
    return inner.commit(...given);
  };
  return new Proxy(inner, {
    get: (whole, key) => {
      if (key === 'commit') return commit;
      const value: unknown = Reflect.get(whole, key, whole);
      return typeof value === 'function' ? (value.bind(whole) as unknown) : value;
    },
  });
}

async function state(rig: GuardRig): Promise<string | undefined> {
  return (await rig.incidents())[0]?.state;
}

describe('an agent that nobody runs and that speaks HTTP only', () => {
  it('registers, is watched, and fails into the hands of a person who is told', async () => {
    const rig = await soloRig();
    await rig.clock.advance(1_000);
    expect(await healthy(rig)).toBe(true);
    expect(rig.guard().agents.get(id).agent).toMatchObject({ source: 'registration' });
    expect(rig.guard().agents.get(id).agent.orchestrator).toBeUndefined();

    rig.fleet.suffer(id, 'hang');
    expect(await rig.until(async () => (await state(rig)) === 'escalated', 120_000)).toBe(true);
    await rig.until(async () => (await rig.incidents())[0]?.told === true, 10_000);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ health: 'failed', told: true, attempts: [], reason: { code: 'no-orchestrator' } });
    const sent = rig.events.filter((event) => event.type === 'notice.sent').map((event) => event.data.notice);
    expect(sent).toContainEqual(expect.objectContaining({ kind: 'escalated', incidentId: incident?.id }));
    expect(sent.find((notice) => notice.kind === 'escalated')?.text).toContain(id);
    // Its work goes elsewhere while it is gone.
    expect(rig.guard().routes('solo')).toEqual([]);
    await rig.stop();
  });

  it('calls nobody while it is only silent but answers, until that has lasted for silentFor', async () => {
    const rig = await soloRig();
    await rig.clock.advance(1_000);
    await healthy(rig);
    rig.fleet.suffer(id, 'silent');
    await rig.clock.advance(40_000);
    const [waiting] = await rig.incidents();
    expect(waiting).toMatchObject({ state: 'open', health: 'degraded', because: { code: 'silent-but-answering' } });
    // `quick` has silentFor: 1m, and the silence was first suspected after 6 s.
    expect(await rig.until(async () => (await state(rig)) === 'escalated', 40_000)).toBe(true);
    expect((await rig.incidents())[0]).toMatchObject({ reason: { code: 'no-orchestrator' } });
    await rig.stop();
  });

  it('is watched when it comes back, and its incident ends as self-recovered', async () => {
    const rig = await soloRig();
    await rig.clock.advance(1_000);
    await healthy(rig);
    rig.fleet.suffer(id, 'hang');
    await rig.until(async () => (await state(rig)) === 'escalated', 120_000);

    rig.fleet.recover(id);
    expect(await rig.until(async () => (await state(rig)) === 'watching', 60_000)).toBe(true);
    await rig.clock.advance(1_000);
    expect(rig.guard().agents.get(id).health).toBe('degraded');
    expect(await rig.until(async () => (await state(rig)) === 'resolved', 60_000)).toBe(true);
    const [incident] = await rig.incidents();
    expect(incident).toMatchObject({ outcome: 'self-recovered' });
    const lines = (await rig.timeline(incident as never)).map((line) => line.reason.code);
    expect(lines).toContain('seen-healthy');
    expect(lines.at(-1)).toBe('watch-passed');
    expect(rig.guard().agents.get(id)).toMatchObject({ health: 'healthy', breaker: 'closed' });
    expect(
      rig
        .guard()
        .routes('solo')
        .map((route) => route.agentId),
    ).toEqual([id]);
    await rig.stop();
  });

  it('goes back to the person when it fails again during the watch', async () => {
    const rig = await soloRig();
    await rig.clock.advance(1_000);
    await healthy(rig);
    rig.fleet.suffer(id, 'hang');
    await rig.until(async () => (await state(rig)) === 'escalated', 120_000);
    rig.fleet.recover(id);
    await rig.until(async () => (await state(rig)) === 'watching', 60_000);

    rig.fleet.suffer(id, 'hang');
    expect(await rig.until(async () => (await state(rig)) === 'escalated', 60_000)).toBe(true);
    await rig.until(async () => (await rig.incidents())[0]?.told === true, 10_000);
    expect((await rig.incidents())[0]).toMatchObject({ told: true, reason: { code: 'watch-failed' } });
    await rig.stop();
  });

  it('need not register again after the guard crashed', async () => {
    const rig = await soloRig();
    await rig.clock.advance(1_000);
    await healthy(rig);
    const { endpoint } = rig.guard().agents.get(id).agent.instance ?? {};
    expect(endpoint).toMatch(/^http:/);

    rig.crash();
    await rig.clock.advance(5_000);
    await rig.boot();
    const register = vi.spyOn(rig.guard().agents, 'register');
    expect(rig.guard().heartbeat({ agentId: id })).toBe('accepted');
    await rig.clock.advance(1_000);
    expect(await healthy(rig)).toBe(true);
    expect(register).not.toHaveBeenCalled();
    expect(rig.guard().agents.get(id).agent.instance?.endpoint).toBe(endpoint);
    await rig.stop();
  });

  it('is not answered before its registration would outlive a crash, also when many register at once', async () => {
    const many = Array.from({ length: 5 }, (_, at) => `solo.${at + 1}`);
    const disk: Disk = { commitMs: 0 };
    const rig = await soloRig(many, (inner, clock) => storeOn(disk, inner, clock));
    disk.commitMs = 50;
    const answered = new Set<string>();
    const registered = many.map(async (one) => {
      await rig.guard().agents.register({ id: one, group: 'solo', endpoint: `http://127.0.0.1/${one}` });
      answered.add(one);
    });
    expect(await rig.until(() => answered.size === many.length, 5_000, 10)).toBe(true);
    await Promise.all(registered);
    rig.crash();
    disk.commitMs = 0;
    await rig.boot();
    expect(many.map((one) => rig.guard().heartbeat({ agentId: one }))).toEqual(many.map(() => 'accepted'));
    await rig.stop();
  });
});
