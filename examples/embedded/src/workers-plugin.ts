import {
  type Action,
  apiVersion,
  type Call,
  type Decision,
  definePlugin,
  type Grant,
  type Instance,
  type Intent,
  type InventoryEvent,
  type Orchestrator,
  type PluginManifest,
  type Receipt,
} from '@praetorian-guard/core/plugin';
import type { Worker, Workers } from './workers.ts';

/** Makes the host's workers known to the guard, and lets it restart them. */
export function workersPlugin(workers: Workers): PluginManifest {
  return definePlugin({
    name: 'embedded-workers',
    version: '1.0.0',
    apiVersion,
    coreRange: '*',
    configSchema: { type: 'object', additionalProperties: false },
    contributes: { orchestrators: { workers: () => new WorkersOrchestrator(workers) } },
  });
}

export const instanceOf = ({ id, run, alive, startedAt }: Worker): Instance => ({
  id: `${id}.${run}`,
  generation: run,
  startedAt,
  state: alive ? 'running' : 'exited',
});

class WorkersOrchestrator implements Orchestrator {
  readonly supports = [{ action: 'restart', destructive: true, scope: 'instance', idempotent: true }] as const;
  readonly #workers: Workers;

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  /** Everyone there is, then what happens, until the guard stops listening. */
  async *inventory({ signal }: Call): AsyncIterable<InventoryEvent> {
    const queue: InventoryEvent[] = [...this.#workers.list().map(present), { type: 'synced' }];
    let wake: () => void = () => undefined;
    const forget = this.#workers.onEvent(({ type, worker }) => {
      queue.push(type === 'started' ? present(worker) : died(worker));
      wake();
    });
    signal.addEventListener('abort', () => wake(), { once: true });
    try {
      while (!signal.aborted) {
        const next = queue.shift();
        if (next) yield next;
        else await new Promise<void>((resolve) => (wake = resolve));
      }
    } finally {
      forget();
    }
  }

  async prepare(action: Action, key: string): Promise<Decision<Intent>> {
    const worker = 'agentId' in action ? this.#workers.get(action.agentId) : undefined;
    if (action.kind !== 'restart' || !worker) {
      return { act: false, reason: { code: 'orchestrator-refused', text: `It cannot ${action.kind} here.` } };
    }
    const intent: Intent = { key, action, affects: [worker.id], before: { run: worker.run } };
    return { act: true, value: intent, reason: { code: 'proceed', text: 'The worker is there.' } };
  }

  /** The same key twice acts once: the run before it is in the intent. */
  async execute(intent: Intent, { key }: Grant): Promise<Receipt> {
    const done = await this.reconcile(intent);
    if (done.result === 'succeeded' || !('agentId' in intent.action)) return { ...done, key };
    const worker = this.#workers.start(intent.action.agentId);
    return { key, at: Date.now(), result: 'succeeded', instance: instanceOf(worker) };
  }

  async reconcile({ key, action, before }: Intent): Promise<Receipt> {
    const worker = 'agentId' in action ? this.#workers.get(action.agentId) : undefined;
    if (worker && worker.run > Number(before['run'])) {
      return { key, at: Date.now(), result: 'succeeded', instance: instanceOf(worker), reconciled: true };
    }
    return {
      key,
      at: Date.now(),
      result: 'failed',
      retryable: true,
      code: 'not-restarted',
      text: 'The same run as before.',
    };
  }
}

function present(worker: Worker): InventoryEvent {
  return { type: 'present', agent: { id: worker.id, group: 'workers', labels: {}, instance: instanceOf(worker) } };
}

function died(worker: Worker): InventoryEvent {
  const instanceId = instanceOf(worker).id;
  return { type: 'lifecycle', agentId: worker.id, instanceId, event: 'died', detail: 'an exception nobody caught' };
}
