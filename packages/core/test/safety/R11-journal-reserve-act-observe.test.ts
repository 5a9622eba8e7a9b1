/**
 * R11. The incident that taught it: a healer that crashed between doing and noting ran its remediation again after every
 * start, because nothing said that it had been done (NVSentinel ADR-056, #1808; StackStorm#4716).
 */
import { afterEach, describe, expect, it } from 'vitest';
import type { Orchestrator, StateStore, StoreOp } from '../../src/contracts/index.ts';
import type { Receipt } from '../../src/model/index.ts';
import type { GuardRig } from '../../src/testing/index.ts';
import { createGuardRig, FakeOrchestrator } from '../../src/testing/index.ts';
import { healthy, quick, resolved } from '../scenarios/rig.ts';

const id = 'web.2';
const agents = ['web.1', id, 'web.3'];
let rig: GuardRig | undefined;

afterEach(async () => {
  await rig?.stop();
  rig = undefined;
});

interface Watched {
  readonly rig: GuardRig;
  /** Keys that were executed, in order. */
  readonly executed: string[];
  /** Keys of actions that were executed before they were journaled, or before their place in the budget was stored. */
  readonly early: string[];
  readonly commits: () => number;
  /** Kills the guard at its n-th commit from now, before or after the store has it. */
  readonly killAt: (n: number, when: 'before' | 'after') => void;
  readonly kill: () => void;
  orchestrator: FakeOrchestrator;
}

async function world(): Promise<Watched> {
  const journal = { keys: '', budgets: 0, commits: 0 };
  const trap = { at: Infinity, when: 'before' as 'before' | 'after' };
  const executed: string[] = [];
  const early: string[] = [];
  let fake: FakeOrchestrator | undefined;
  const watch = (inner: StateStore): StateStore => {
    const commit = inner.commit.bind(inner);
    inner.commit = async (...args: Parameters<StateStore['commit']>) => {
      journal.commits += 1;
      const hit = journal.commits === trap.at;
      if (hit) rig?.crash();
      // Killed before: the store never hears of it.
      if (hit && trap.when === 'before') return new Promise(() => undefined);
      const versions = await commit(...args);
      note(args[1]);
      return versions;
    };
    return inner;
  };
  const note = (ops: readonly StoreOp[]): void => {
    for (const op of ops) {
      if (op.op !== 'put') continue;
      if (op.key.includes('/budget/')) journal.budgets += 1;
      if (op.key.includes('/incident/')) journal.keys = JSON.stringify(op.value);
    }
  };
  const made = await createGuardRig({
    agents,
    groupOf: () => 'web',
    config: { ...quick },
    storeOf: watch,
    orchestrator: (clock) => {
      fake = new FakeOrchestrator({
        clock,
        agents: agents.map((agent) => ({ id: agent, group: 'web', endpoint: `http://127.0.0.1/${agent}` })),
        takesMs: { restart: 300 },
      });
      const execute = fake.execute.bind(fake);
      fake.execute = (...args: Parameters<Orchestrator['execute']>) => {
        const [{ key }] = args;
        executed.push(key);
        if (!journal.keys.includes(`"key":"${key}"`) || journal.budgets === 0) early.push(key);
        return execute(...args);
      };
      return fake;
    },
  });
  rig = made;
  await healthy(made);
  return {
    rig: made,
    executed,
    early,
    commits: () => journal.commits,
    killAt: (n, when) => {
      trap.at = journal.commits + n;
      trap.when = when;
    },
    kill: () => fake?.crash(id, { exitCode: 1 }),
    orchestrator: fake as unknown as FakeOrchestrator,
  };
}

describe('R11: journal, reserve, act, observe, terminal', () => {
  it('does nothing that is not in the journal with its key, and in the budget, before', async () => {
    const { rig, executed, early, kill } = await world();
    kill();
    const incident = await resolved(rig);
    expect(early).toEqual([]);
    expect(executed).toEqual([`${incident.id}/1/${incident.attempts[0]?.steps[2]?.id}`]);
    const steps = incident.attempts[0]?.steps ?? [];
    expect(steps.every(({ state }) => state === 'finished' || state === 'skipped')).toBe(true);
    expect(steps.map((step) => (step.state === 'finished' ? step.receipt.result : step.state))).not.toContain(
      'unknown',
    );
  });

  it.each(['before', 'after'] as const)(
    'survives being killed %s any of its commits: done once, never twice',
    async (when) => {
      const tried = await world();
      const from = tried.commits();
      tried.kill();
      await resolved(tried.rig);
      const commits = tried.commits() - from;
      await tried.rig.stop();
      expect(commits).toBeGreaterThan(6);
      for (let n = 1; n <= commits; n += 1) {
        const one = await world();
        one.killAt(n, when);
        one.kill();
        await one.rig.clock.advance(n > 9 ? 40_000 : 15_000);
        await one.rig.boot();
        const incident = await resolved(one.rig);
        const about = { n, when, state: incident.state, early: one.early, times: new Set(one.executed).size };
        expect(about).toEqual({ n, when, state: 'resolved', early: [], times: 1 });
        expect(one.executed).toHaveLength(1);
        await one.rig.stop();
      }
    },
    60_000,
  );

  it('looks for the effect when a reply is lost, instead of doing it again', async () => {
    const { rig, executed, kill, orchestrator } = await world();
    orchestrator.loseReply();
    kill();
    const incident = await resolved(rig);
    expect(executed).toHaveLength(1);
    expect((await rig.timeline(incident)).map(({ reason }) => reason.code)).toContain('step-reconciled');
  });

  it.each([false, true])(
    'hands over to a person what cannot be proven either way (guard killed meanwhile: %s)',
    async (crash) => {
      const { rig, executed, kill, orchestrator } = await world();
      orchestrator.loseReply();
      orchestrator.reconcile = async ({ key }): Promise<Receipt> => ({
        key,
        at: rig.clock.now(),
        result: 'ambiguous',
        text: 'The instance is another one, and nobody can say whose doing that is.',
      });
      kill();
      if (crash) {
        await rig.until(() => executed.length > 0, 30_000, 50);
        rig.crash();
        await rig.clock.advance(5_000);
        await rig.boot();
      }
      expect(await rig.until(async () => (await rig.incidents())[0]?.state === 'escalated', 120_000)).toBe(true);
      await rig.clock.advance(60_000);
      const [incident] = await rig.incidents();
      expect(incident?.attempts.at(0)).toMatchObject({ verdict: 'ambiguous' });
      expect((await rig.timeline(incident as never)).map(({ reason }) => reason.code)).toContain('step-ambiguous');
      expect(incident?.told).toBe(true);
      expect(executed).toHaveLength(1);
    },
  );
});
