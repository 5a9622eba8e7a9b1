import type { Delivery, Notice, Signal } from '../model/index.ts';
import type { Call, Component } from './call.ts';
import type { GuardApi } from './guard-api.ts';

/** Delivers messages about incidents to people. */
export interface Notifier extends Component {
  /** `threads`: later notices of an incident join the first. */
  readonly supports: { readonly threads: boolean };
  /** Resolves when the channel accepted it; throws otherwise, and the error's `retryable` decides what follows. */
  deliver(notice: Notice, previous: Delivery | undefined, call: Call): Promise<Delivery>;
}

/** A signal as a source reports it; the collector stamps the receipt. */
export type SignalDraft = Signal extends infer S ? (S extends Signal ? Omit<S, 'receivedMs'> : never) : never;

/** Reports signals from elsewhere: Alertmanager, a kubelet, queues. */
export interface SignalSource extends Component {
  /** Reports until the call aborts, then resolves. */
  watch(report: (signal: SignalDraft) => void, call: Call): Promise<void>;
}

/** A way in for people and programs: HTTP, a dashboard. */
export interface Surface {
  /** Resolves when it serves; everything is released when the call aborts and `stop` resolves. */
  start(guard: GuardApi, call: Call): Promise<void>;
  stop(): Promise<void>;
  /** Base address under which agents reach it, while it serves; handed to plugins as `guardUrl`. */
  url?(): string | undefined;
}
