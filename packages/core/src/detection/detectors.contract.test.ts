import { describe, it } from 'vitest';
import type { Detector, FleetView, SignalDraft } from '../contracts/index.ts';
import type { BurnRate } from '../model/index.ts';
import type { DetectorSubject } from '../testing/detector-suite.ts';
import { testDetector } from '../testing/detector-suite.ts';
import { builtInDetectors } from './index.ts';

/** An error budget burns by requests, of which the suite's own signals tell nothing. */
const provoke = (agentId: string): readonly SignalDraft[] => [
  { kind: 'metrics', agentId, metrics: { error_rate: 1, requests_per_second: 100 } },
];

/** The suite tells of minutes: the line of the table that ends within minutes. */
function minutes(fleet: FleetView): FleetView {
  const rates: readonly BurnRate[] = [{ alert: 'page', factor: 14.4, longMs: 3_600_000, shortMs: 120_000 }];
  return {
    ...fleet,
    agent: (slot) => {
      const view = fleet.agent(slot);
      if (!view) return undefined;
      const { slo } = view.policy;
      return { ...view, policy: { ...view.policy, slo: { ...slo, burn: { ...slo.burn, rates } } } };
    },
  };
}

/** Work stands still between two of the regular heartbeats, which tell of an advance every minute. */
const standstill = (agentId: string): readonly SignalDraft[] => [
  { kind: 'heartbeat', agentId, progress: { activeTasks: 1, lastProgressAt: 0 } },
];

function impatient(fleet: FleetView): FleetView {
  return {
    ...fleet,
    agent: (slot) => {
      const view = fleet.agent(slot);
      if (!view) return undefined;
      const heartbeat = { ...view.policy.heartbeat, stalledForMs: 45_000 };
      return { ...view, policy: { ...view.policy, heartbeat } };
    },
  };
}

/** How often an agent is provoked in a story. */
const badTimes = 80;

/** A figure of which the suite's own signals tell nothing rises through the bad times, towards a limit. */
function leaking(make: Make): Partial<DetectorSubject> {
  let reports = 0;
  const limited = (fleet: FleetView): FleetView => ({
    ...fleet,
    agent: (slot) => {
      const view = fleet.agent(slot);
      if (!view) return undefined;
      const trends = { ...view.policy.trends, windowMs: 600_000, limits: { requests_per_second: 420 } };
      return { ...view, policy: { ...view.policy, trends } };
    },
  });
  return {
    make: (fleet) => make(limited(fleet)),
    provoke: (agentId) => [
      { kind: 'metrics', agentId, metrics: { requests_per_second: 150 + 3 * (reports++ % badTimes) } },
    ],
  };
}

type Make = (fleet: FleetView) => Detector;

/** What the suite needs for a detector that its own signals do not move. */
const own: { readonly [name: string]: (make: Make) => Partial<DetectorSubject> } = {
  'slo-burn': (make) => ({ make: (fleet) => make(minutes(fleet)), provoke }),
  trend: leaking,
  progress: (make) => ({ make: (fleet) => make(impatient(fleet)), provoke: standstill }),
};

for (const [name, make] of Object.entries(builtInDetectors)) {
  describe(`the detector ${name}`, () => {
    testDetector({ describe, it }, { make, ...own[name]?.(make) });
  });
}
