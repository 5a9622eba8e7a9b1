import type { Decided, IncidentEvent } from '../../incident/index.ts';
import type { LedgerRecord } from '../../learning/index.ts';
import type { Incident, IncidentId, Notice, Promotion, TimelineEntry } from '../../model/index.ts';

/** A change of an incident that was stored, with everything that was stored with it. */
export interface IncidentChange {
  readonly before: Incident | undefined;
  readonly incident: Incident;
  readonly entry: TimelineEntry;
  readonly decided: Decided;
  readonly notices: readonly Notice[];
  readonly ledger: readonly LedgerRecord[];
  /** Who leads the group from here on; absent when that stays as it was. */
  readonly promoted?: Promotion;
}

/** Where events of incidents go. */
export interface Inbox {
  /** Applies an event nobody waits for. */
  post(id: IncidentId, event: IncidentEvent): void;
}
