import type { TestHostOptions } from '../../../examples/reference-host/test/config.ts';

/** `raised`: it is about healing. `default`: budgets and breaker are those a user has, and refusals are what is looked at. */
export type Limits = 'raised' | 'default';

const raised = {
  gate: {
    settle: '600ms',
    progressWindow: '2s',
    inFlight: '100%',
    attempts: [{ max: 1_000, per: '10m' }],
    budgets: { group: { least: 100_000 }, global: { least: 100_000 } },
    backoff: { base: '200ms', cap: '1s', resetAfter: '30s' },
    breaker: { threshold: '100%', least: 1_000, window: '1s', coolDown: '1s' },
  },
  // The same faults come to the same agents again and again, in minutes instead of days.
  ladder: {
    restart: { timeout: '20s', grace: '1s' },
    recreate: { timeout: '20s', grace: '1s' },
    respawn: { timeout: '30s', grace: '1s' },
    drain: '500ms',
    useWhen: ['repeated-failure', 'persistent-errors'].map((name) => ({
      name,
      when: 'recurrence >= 1000',
      least: 'recreate',
      reason: 'it came back a thousand times',
    })),
  },
  severity: { escalateFailures: 1_000 },
  flapping: { high: 64 },
  recurrence: { defectAfter: 100, defectWindow: '1m', movesMax: 100, movesWindow: '1m' },
};

/** Sections of the guard's config for a fleet on an engine. */
export function sectionsOf(limits: Limits, engineUrl: string, label: string): TestHostOptions['sections'] & object {
  const config = { engine: engineUrl, select: [label], stats: { every: '2s' } };
  return {
    plugins: { docker: { use: '@praetorian-guard/plugin-docker', config } },
    tick: '50ms',
    errors: { logs: { every: '1s' } },
    // An error budget goes on burning for minutes after the fault, and nothing is done about it: the fleet has to rest.
    slo: { for: '3s', burn: { rates: [] } },
    watch: { every: '300ms', for: '2s' },
    // A guard that begins anew has to have heard of what is wrong before it may call anybody sound.
    gate: { settle: '4s', progressWindow: '2s' },
    ...(limits === 'raised' ? raised : {}),
  };
}
