import type { Call } from './call.ts';
import type { GuardApi } from './guard-api.ts';

/** A way in for people and programs: HTTP, a dashboard. */
export interface Surface {
  /** Resolves when it serves; everything is released when the call aborts and `stop` resolves. */
  start(guard: GuardApi, call: Call): Promise<void>;
  stop(): Promise<void>;
  /** Base address under which agents reach it, while it serves; handed to plugins as `guardUrl`. */
  url?(): string | undefined;
}
