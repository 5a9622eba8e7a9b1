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
  /** What was done, by key: the same key twice acts once. */
  readonly #done = new Map<string, Receipt>();
  readonly #stop = new AbortController();

  constructor(workers: Workers) {
    this.#workers = workers;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
  }

  /** Everyone there is, then what happens, until the guard stops listening. */
  async *inventory(call: Call): AsyncIterable<InventoryEvent> {
    const signal = AbortSignal.any([call.signal, this.#stop.signal]);
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
    const worker = this.#workerOf(action);
    if (action.kind !== 'restart' || !worker || action.instanceId !== instanceOf(worker).id) {
      return { act: false, reason: { code: 'orchestrator-refused', text: `It cannot ${action.kind} that here.` } };
    }
    const intent: Intent = { key, action, affects: [worker.id], before: { run: worker.run } };
    return { act: true, value: intent, reason: { code: 'proceed', text: 'The worker is there.' } };
  }

  async execute({ key, action, before }: Intent, grant: Grant, { signal }: Call): Promise<Receipt> {
    const done = this.#done.get(key);
    if (done) return done;
    const at = Date.now();
    if (grant.dryRun || signal.aborted || at > grant.deadline) {
      return { key, at, result: 'cancelled', text: 'It is too late, or only a rehearsal.' };
    }
    const worker = this.#workerOf(action);
    if (!worker || worker.run !== before['run'])
      return { key, at, result: 'superseded', text: 'Another run has begun.' };
    const receipt: Receipt = { key, at, result: 'succeeded', instance: instanceOf(this.#workers.start(worker.id)) };
    this.#done.set(key, receipt);
    return receipt;
  }

  async reconcile({ key, action, before }: Intent): Promise<Receipt> {
    const at = Date.now();
    const worker = this.#workerOf(action);
    if (worker && worker.run > Number(before['run'])) {
      return { key, at, result: 'succeeded', instance: instanceOf(worker) };
    }
    return { key, at, result: 'failed', retryable: true, code: 'not-restarted', text: 'The same run as before.' };
  }

  #workerOf(action: Action): Worker | undefined {
    return 'agentId' in action ? this.#workers.get(action.agentId) : undefined;
  }
}

function present(worker: Worker): InventoryEvent {
  return { type: 'present', agent: { id: worker.id, group: 'workers', labels: {}, instance: instanceOf(worker) } };
}

function died(worker: Worker): InventoryEvent {
  const instanceId = instanceOf(worker).id;
  return { type: 'lifecycle', agentId: worker.id, instanceId, event: 'died', detail: 'an exception nobody caught' };
}
