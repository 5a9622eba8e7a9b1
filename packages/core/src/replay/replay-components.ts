import type { Call, ControlPlane, InventoryEvent, Notifier, Orchestrator } from '../contracts/index.ts';
import { guardError } from '../contracts/index.ts';
import type { Clock, EvidenceItem, ExecResult, LogPage } from '../contracts/index.ts';
import type { Action, Decision, Delivery, Instance, Intent, Json, Notice, Receipt } from '../model/index.ts';
import type { Answers } from './answers.ts';
import { callNames } from './ports.ts';
import type { InventoryLine, RecordedOrchestrator } from './record-format.ts';

const never = new Promise<never>(() => undefined);

/** Parts of a replay that stand in for what plugins bring. Nothing of them reaches out of the process. */
export interface ReplayPorts {
  readonly answers: Answers;
  readonly listings: Listings;
  readonly clock: Pick<Clock, 'now'>;
}

/** Inventories of the record: every listing gets the events of the one with its number, when the driver comes to them. */
export class Listings {
  readonly #counts = new Map<string, number>();
  readonly #lines = new Map<string, InventoryLine[]>();
  readonly #wake = new Map<string, () => void>();

  /** The driver came to an event of a listing. */
  arrive(line: InventoryLine): void {
    const name = `${line.o} ${line.n}`;
    this.#of(name).push(line);
    this.#wake.get(name)?.();
  }

  async *follow(orchestrator: string, call: Call): AsyncGenerator<InventoryEvent> {
    const n = (this.#counts.get(orchestrator) ?? 0) + 1;
    this.#counts.set(orchestrator, n);
    const name = `${orchestrator} ${n}`;
    const onAbort = (): void => this.#wake.get(name)?.();
    call.signal.addEventListener('abort', onAbort);
    try {
      for (let at = 0; !call.signal.aborted;) {
        const line = this.#of(name)[at];
        if (!line) {
          await new Promise<void>((resolve) => this.#wake.set(name, resolve));
          continue;
        }
        at += 1;
        if (line.end === '') return;
        if (line.end !== undefined)
          throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator, verb: 'follow', agentId: '*', why: line.end });
        if (line.e) yield line.e as unknown as InventoryEvent;
      }
    } finally {
      call.signal.removeEventListener('abort', onAbort);
    }
  }

  #of(name: string): InventoryLine[] {
    const lines = this.#lines.get(name) ?? [];
    this.#lines.set(name, lines);
    return lines;
  }
}

/** An orchestrator that answers from the record; what the record does not have succeeds, and is noted as a supposition. */
export function replayOrchestrator(ports: ReplayPorts, name: string, recorded?: RecordedOrchestrator): Orchestrator {
  const { answers, listings, clock } = ports;
  const can = new Set(recorded?.can);
  const keyed = (key: string) => (value: Json | undefined) => ({ ...(value as unknown as Receipt), key });
  const supposed = (key: string) => (): Receipt => ({ key, at: clock.now(), result: 'succeeded' });
  return {
    supports: recorded?.supports ?? [],
    // One the record does not know has no agents.
    inventory: (call) => (recorded ? listings.follow(name, call) : nobody(call)),
    prepare: (action, key) =>
      answers.act(
        callNames.prepare(name, action),
        () => admitted(action, key),
        (value) => withKey(value as unknown as Decision<Intent>, key),
      ),
    execute: (intent, { key }) => answers.act(callNames.execute(name, intent), supposed(key), keyed(key)),
    reconcile: (intent) => answers.act(callNames.reconcile(name, intent), supposed(intent.key), keyed(intent.key)),
    ...(can.has('evidence')
      ? {
          evidence: (_instance: Instance, agentId: string) =>
            answers.act<readonly EvidenceItem[]>(
              callNames.evidence(name, agentId),
              () => [],
              (value) => value as unknown as EvidenceItem[],
            ),
        }
      : {}),
    ...(can.has('logs')
      ? {
          logs: (_instance: Instance, agentId: string, after: string | undefined) =>
            answers.ask<LogPage>(callNames.logs(name, agentId), () => ({ lines: [], next: after ?? '' })),
        }
      : {}),
    ...(can.has('exec')
      ? {
          exec: (instance: Instance, argv: readonly string[]) =>
            answers.ask<ExecResult>(callNames.exec(name, instance, argv), () => never as never),
        }
      : {}),
  };
}

/** A notifier that accepted and refused what the record says; the rest it accepts. Nobody is told anything. */
export function replayNotifier({ answers, clock }: ReplayPorts, name: string, threads: boolean): Notifier {
  const delivered = ({ id }: Notice): Delivery => ({ noticeId: id, at: clock.now() });
  return {
    supports: { threads },
    deliver: (notice) =>
      answers.act(
        callNames.deliver(name, notice),
        () => delivered(notice),
        (value) => ({ ...(value as unknown as Delivery), noticeId: notice.id }),
      ),
  };
}

/** Stands for a control plane of a plugin, whose answers are not recorded: it does everything and knows nobody. */
export function replayControlPlane({ clock }: ReplayPorts): ControlPlane {
  return {
    agents: (call) => nobody(call),
    apply: async (_command, { key }) => ({ key, at: clock.now(), result: 'succeeded' }),
    routes: () => [],
  };
}

/** Lists nobody, until the call aborts. */
async function* nobody({ signal }: Call): AsyncGenerator<never> {
  if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  yield* [];
}

function admitted(action: Action, key: string): Decision<Intent> {
  const affects = 'agentId' in action ? [action.agentId] : [];
  return {
    act: true,
    value: { key, action, affects, before: {} },
    reason: { code: 'proceed', text: 'The record does not know this action; it is supposed to be admitted.' },
  };
}

function withKey(decision: Decision<Intent>, key: string): Decision<Intent> {
  return decision.act ? { ...decision, value: { ...decision.value, key } } : decision;
}
