import { messageOf } from '../contracts/index.ts';
import { withDeadline } from '../runtime/index.ts';
import type { Effect, Incident, Receipt } from '../model/index.ts';
import type { ExecutorPorts } from './ports.ts';

/** Pauses between looking, in ms; after the last the outcome is ambiguous. */
const pausesMs: readonly number[] = [0, 250, 1_000, 3_000, 5_000];
const lookMs = 10_000;

/**
 * Finds out by inspection what became of an action whose outcome is not known. Looks several times, since the
 * infrastructure may still be busy with it, and changes nothing.
 * @returns succeeded, failed (proven not done), superseded, or ambiguous.
 */
export async function reconcile(
  ports: ExecutorPorts,
  incident: Incident,
  effect: Extract<Effect, { type: 'action' }>,
  signal: AbortSignal,
): Promise<Receipt> {
  let last = 'the orchestrator is not there';
  for (const pauseMs of pausesMs) {
    if (pauseMs > 0) await ports.clock.sleep(pauseMs, signal);
    const orchestrator = ports.orchestrator(effect.orchestrator);
    if (!orchestrator) continue;
    try {
      const look = (inner: AbortSignal): Promise<Receipt> =>
        orchestrator.reconcile(effect.intent, { signal: inner, traceId: incident.id });
      const receipt = await withDeadline(ports.clock, look, lookMs, { what: 'Reconciling', signal });
      if (receipt.result === 'succeeded') return { ...receipt, reconciled: true };
      if (receipt.result !== 'unknown') return receipt;
      last = receipt.text;
    } catch (thrown) {
      if (signal.aborted) throw thrown;
      last = messageOf(thrown);
    }
  }
  return { key: effect.intent.key, at: ports.clock.now(), result: 'ambiguous', text: last };
}
