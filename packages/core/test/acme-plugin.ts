import type {
  AgentChange,
  Assessor,
  ControlPlane,
  Detector,
  FleetView,
  Notifier,
  PluginManifest,
  StateStore,
  Strategy,
} from '../src/contracts/index.ts';
import { apiVersion, definePlugin } from '../src/contracts/index.ts';
import type { ControlCommand, Notice } from '../src/model/index.ts';
import { MemoryStateStore } from '../src/state/index.ts';

/** A plugin as a value, without a config. */
export function plugin(name: string, contributes: PluginManifest['contributes']): PluginManifest {
  return definePlugin({
    name,
    version: '1.0.0',
    apiVersion,
    coreRange: '*',
    configSchema: { type: 'object', additionalProperties: false, properties: {} },
    contributes,
  });
}

/** Suspects whoever reports that the drums were heard, and nobody else, whatever happens. */
function drumDetector(fleet: FleetView): Detector {
  const heard = new Set<number>();
  return {
    consumes: ['error'],
    observe: ({ signals }) => {
      for (const { slot, signal } of signals)
        if (signal.kind === 'error' && signal.message === 'drums' && fleet.agent(slot)) heard.add(slot);
    },
    evaluate: (due) =>
      due
        .filter((slot) => heard.has(slot))
        .map((slot) => ({
          slot,
          suspicions: [
            {
              kind: 'acme/drums',
              evidence: 'errors',
              implies: 'failed',
              strength: 1,
              text: 'the drums were heard',
              signature: 'drums',
              proven: true,
            },
          ],
        })),
    reset: (slot) => void heard.delete(slot),
    start: async () => undefined,
    stop: async () => undefined,
  };
}

const assessor: Assessor = {
  assess: () => ({
    severity: 5,
    factors: [{ name: 'drums', share: 5, text: 'drums in the deep' }],
    dataLossRisk: false,
    securityIncident: false,
    signature: 'drums',
  }),
};

/** Severity 5 means recreate to the built-in strategy; this one restarts. */
const strategy: Strategy = {
  propose: () => ({
    act: true,
    value: {
      rung: 'restart',
      skipped: [],
      restoreState: false,
      graceMs: 1_000,
      timeoutMs: 30_000,
      recommendedAction: 'leave the mine',
    },
    reason: { code: 'acme/rung', text: 'Acme always restarts.' },
  }),
};

/** Everything a replacement was asked to do. */
export class Seen {
  readonly commands: ControlCommand[] = [];
  readonly notices: Notice[] = [];
  readonly stores: StateStore[] = [];
}

/** Nobody comes and goes by this control plane. */
async function* untilAborted(signal: AbortSignal): AsyncGenerator<AgentChange> {
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  yield* [];
}

function controlPlane(seen: Seen, now: () => number): ControlPlane {
  return {
    agents: (call) => untilAborted(call.signal),
    apply: async (command, { key }) => {
      seen.commands.push(command);
      return { key, at: now(), result: 'succeeded' };
    },
    routes: (group) => [
      { agentId: 'acme.1', endpoint: `http://acme/${group}`, weight: 1, health: 'healthy', breaker: 'closed' },
    ],
    start: async () => undefined,
    stop: async () => undefined,
  };
}

function notifier(seen: Seen, now: () => number): Notifier {
  return {
    supports: { threads: false },
    deliver: async (notice) => {
      seen.notices.push(notice);
      return { noticeId: notice.id, at: now() };
    },
    start: async () => undefined,
    stop: async () => undefined,
  };
}

/** Replaces everything that is built in; each part shows that it was used. */
export function acme(seen: Seen): { readonly [use: string]: PluginManifest } {
  return {
    acme: plugin('acme', {
      detectors: { drums: ({ fleet }) => drumDetector(fleet) },
      assessors: { drums: () => assessor },
      strategies: { drums: () => strategy },
      controlPlanes: { drums: ({ clock }) => controlPlane(seen, () => clock.now()) },
      notifiers: { drums: ({ clock }) => notifier(seen, () => clock.now()) },
    }),
    'acme-store': plugin('acme-store', {
      stateStores: {
        drums: ({ clock }) => {
          const store = new MemoryStateStore(clock);
          seen.stores.push(store);
          return store;
        },
      },
    }),
  };
}
