/**
 * How the contracts carry a Deployment's pods: the agent is a slot of the workload, each pod is an instance that never
 * comes back, and a rollout touches the healthy siblings too.
 */
import { expectTypeOf } from 'vitest';
import type {
  Action,
  AgentId,
  Call,
  Capability,
  Decision,
  Grant,
  Instance,
  Intent,
  InventoryEvent,
  Orchestrator,
  Receipt,
} from '@praetorian-guard/core/plugin';

interface Pod {
  readonly uid: string;
  readonly name: string;
  readonly ip: string;
}

/** The pod's name changes with every incarnation; the slot does not. */
function instanceOf(pod: Pod, generation: number): Instance {
  return {
    id: pod.uid,
    generation,
    ref: { kind: 'Pod', name: pod.name },
    endpoint: `http://${pod.ip}:8080`,
    state: 'starting',
  };
}

const can = [
  // A rollout restart cannot act on one pod only, and says so.
  { action: 'restart', destructive: true, scope: 'workload', idempotent: true },
  { action: 'recreate', destructive: true, scope: 'instance', idempotent: true },
  { action: 'respawn', destructive: true, scope: 'instance', idempotent: true, respawn: ['in-place'] },
  { action: 'isolate', destructive: false, scope: 'instance', idempotent: true },
] as const satisfies readonly Capability[];

/** Healthy siblings stand in `affects`: the gate locks, budgets and counts them all. */
function rolloutIntent(action: Action, key: string, siblings: readonly AgentId[]): Decision<Intent> {
  if (siblings.length === 0) {
    return {
      act: false,
      reason: { code: 'acme/empty-workload', text: 'The Deployment has no pod.', remedy: 'Scale it up.' },
    };
  }
  const before = { revision: 7, restartedAt: null };
  return {
    act: true,
    value: { key, action, affects: siblings, before },
    reason: { code: 'proceed', text: 'A rollout is admitted.' },
  };
}

export class DeploymentOrchestrator implements Orchestrator {
  readonly supports: readonly Capability[] = can;
  readonly #slots = new Map<AgentId, { readonly pod: Pod; readonly generation: number }>();

  async *inventory(call: Call): AsyncGenerator<InventoryEvent> {
    for (const [id, { pod, generation }] of this.#slots) {
      if (call.signal.aborted) return;
      yield {
        type: 'present',
        agent: { id, group: 'shop:Deployment:web', labels: {}, instance: instanceOf(pod, generation) },
      };
    }
    yield { type: 'synced' };
    yield {
      type: 'lifecycle',
      agentId: 'shop:Deployment:web:0',
      instanceId: 'uid-1',
      event: 'oom-killed',
      exitCode: 137,
    };
    // Scaled in by another's hand: no incident.
    yield { type: 'removed', agentId: 'shop:Deployment:web:1' };
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    return rolloutIntent(action, key, [...this.#slots.keys()]);
  }

  async execute(intent: Intent, grant: Grant): Promise<Receipt> {
    // The reply was lost: neither success nor failure.
    return { key: grant.key, at: grant.deadline, result: 'unknown', text: `no answer to ${intent.action.kind}` };
  }

  async reconcile(intent: Intent): Promise<Receipt> {
    const instance = instanceOf({ uid: 'uid-2', name: 'web-x7k', ip: '10.0.0.9' }, 2);
    return { key: intent.key, at: 0, result: 'succeeded', instance, reconciled: true };
  }
}

// What an agent is, and what an incarnation of it is, are two names that a pod must not mix up in the types of results.
expectTypeOf<Intent['affects']>().toEqualTypeOf<readonly AgentId[]>();
expectTypeOf<Extract<Receipt, { result: 'failed' }>['retryable']>().toEqualTypeOf<boolean>();
// @ts-expect-error -- an action has to be one of the contract's
({ ...can[0], action: 'exec' }) satisfies Capability;
// A receipt that succeeded says nothing of a code; one that failed has to.
// @ts-expect-error -- `code` and `retryable` are missing
({ key: 'k', at: 0, result: 'failed', text: 'no' }) satisfies Receipt;
// @ts-expect-error -- an abstention without a reason is no decision
({ act: false }) satisfies Decision<Intent>;
