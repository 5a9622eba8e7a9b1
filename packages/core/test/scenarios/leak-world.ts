import { createGuardRig, FakeOrchestrator, type GuardRig } from '../../src/testing/index.ts';
import { quick } from './rig.ts';

const agents = ['web.1', 'web.2', 'web.3'];

export interface LeakWorld {
  readonly rig: GuardRig;
  readonly orchestrator: FakeOrchestrator;
  /** Requests that were answered, and those that were not. */
  readonly requests: { answered: number; failed: number };
  /** What the guard did, in order. */
  readonly kinds: () => readonly string[];
}

/** How long a request is worked on. */
const requestMs = 1_500;

/**
 * Agents that leak 30 MB a minute to 512 MB, so that it takes a good quarter of an hour, and a client that sends requests
 * to whom the guard routes: a request fails when its instance is not the same and running to its end.
 */
export async function leakWorld(prediction: object, config: object = {}): Promise<LeakWorld> {
  let orchestrator: FakeOrchestrator | undefined;
  const rig = await createGuardRig({
    orchestrator: (clock) =>
      (orchestrator = new FakeOrchestrator({
        clock,
        agents: agents.map((id) => ({ id, group: 'web', endpoint: `http://127.0.0.1/${id}` })),
        takesMs: { restart: 500 },
      })),
    agents,
    groupOf: () => 'web',
    leak: { mbPerMinute: 30, limitMb: 512 },
    config: {
      ...quick,
      ladder: { drain: '2s' },
      trends: { window: '10m', within: '8m', limits: { memory_usage_mb: 512 } },
      groups: { web: { prediction: { within: '6m', margin: '1m', ...prediction } } },
      ...config,
    },
  });
  const world = orchestrator as FakeOrchestrator;
  const requests = { answered: 0, failed: 0 };
  const open = new Map<string, number>();
  const working = (agentId: string, by: number): void => void open.set(agentId, (open.get(agentId) ?? 0) + by);
  // As a well-behaved agent does: it says that it is done when it is.
  rig.fleet.drain = async ({ agent }, forMs) => {
    const until = rig.clock.monotonic() + forMs;
    while ((open.get(agent.id) ?? 0) > 0 && rig.clock.monotonic() < until) await rig.clock.sleep(50);
    return { ok: true };
  };
  for (const id of agents) rig.fleet.occupy(id, 0);
  const ask = (): void => {
    for (const { agentId, weight } of rig.guard().routes('web')) {
      const begun = world.current(agentId);
      if (weight === 0) continue;
      working(agentId, 1);
      rig.clock.after(requestMs, () => {
        const ended = world.current(agentId);
        working(agentId, -1);
        if (begun.state === 'running' && ended.id === begun.id && ended.state === 'running') requests.answered += 1;
        else requests.failed += 1;
      });
    }
    rig.clock.after(250, ask);
  };
  ask();
  return { rig, orchestrator: world, requests, kinds: () => world.executed.map(({ action }) => action.kind) };
}
