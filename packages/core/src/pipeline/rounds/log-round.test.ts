import { describe, expect, it } from 'vitest';
import type { LogPage, Orchestrator, SignalDraft } from '../../contracts/index.ts';
import { createVirtualClock, noopLogger, seededRandom } from '../../runtime/index.ts';
import { LogRound } from './log-round.ts';

/** Agents by slot; every second their logs are due. */
function roundOf(logs: NonNullable<Orchestrator['logs']>) {
  const clock = createVirtualClock();
  const agents = new Map<number, string>();
  const life = { sinceMs: 0 };
  const ingested: SignalDraft[] = [];
  const fleet = {
    agent(slot: number) {
      const id = agents.get(slot);
      const agent = { id, group: 'web', orchestrator: 'world', instance: { id: `${id}-1` } };
      return id === undefined ? undefined : { agent, policy: { errors: { logsEveryMs: 1_000 } }, ...life };
    },
  };
  const round = new LogRound({
    fleet: fleet as never,
    clock,
    random: seededRandom(1, clock),
    log: noopLogger,
    orchestrator: () => ({ logs }) as never,
    ingest: (signal) => ingested.push(signal),
  });
  const run = async (forMs: number): Promise<void> => {
    for (let passed = 0; passed < forMs; passed += 200) {
      await clock.advance(200);
      round.tick(clock.monotonic());
      await clock.advance(0);
    }
  };
  return { round, agents, run, life, ingested };
}

const empty: LogPage = { lines: [], next: '0' };

describe('LogRound', () => {
  it('goes on with the others when an orchestrator does not answer, and can be stopped', async () => {
    const read: string[] = [];
    const { round, agents, run } = roundOf((_, agentId) => {
      read.push(agentId);
      return agentId === 'web.9' ? Promise.resolve(empty) : new Promise(() => undefined);
    });
    for (let slot = 1; slot <= 9; slot += 1) {
      agents.set(slot, `web.${slot}`);
      round.track(slot);
    }
    await run(60_000);
    expect(read).toContain('web.9');
    await round.stop();
  });

  it('reads the log of an agent that took the slot of one that was being read', async () => {
    const read: string[] = [];
    let answer: (page: LogPage) => void = () => undefined;
    const { round, agents, run } = roundOf((_, agentId) => {
      read.push(agentId);
      return agentId === 'old' ? new Promise((resolve) => (answer = resolve)) : Promise.resolve(empty);
    });
    agents.set(0, 'old');
    round.track(0);
    await run(400);
    round.remove(0);
    agents.set(0, 'new');
    round.track(0);
    await run(1_000);
    answer(empty);
    await run(3_000);
    expect(read).toContain('new');
    await round.stop();
  });

  it('holds nothing against an agent that it wrote before it was started again', async () => {
    const places: (string | undefined)[] = [];
    let during = (): void => undefined;
    const { round, agents, run, life, ingested } = roundOf(async (_, __, after) => {
      places.push(after);
      during();
      return { lines: ['Error: of before'], next: `${places.length}` };
    });
    agents.set(0, 'web.1');
    round.track(0);
    await run(1_400);
    expect([places, ingested.length]).toEqual([[undefined, '1'], 2]);
    life.sinceMs = 1_400;
    await run(1_400);
    expect(places.at(-1)).toBeUndefined();
    const before = ingested.length;
    during = () => void (life.sinceMs += 1);
    await run(2_400);
    expect(ingested.length).toBe(before);
    await round.stop();
  });
});
