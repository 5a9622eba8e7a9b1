import type { Clock, GuardApi, Logger } from '@praetorian-guard/core/plugin';
import type { Ownership } from './access.ts';
import type { HttpConfig } from './config.ts';
import type { EventHub } from './event-hub.ts';
import type { Transfers } from './transfers.ts';
import type { Usage } from './usage.ts';

/** What the routes work with. */
export interface Parts {
  readonly guard: GuardApi;
  readonly config: HttpConfig;
  readonly clock: Clock;
  readonly log: Logger;
  readonly ownership: Ownership;
  readonly events: EventHub;
  readonly transfers: Transfers;
  readonly usage: Usage;
}
