import type { Delivery, Notice } from '../model/index.ts';
import type { Call, Component } from './call.ts';

/** Delivers messages about incidents to people. */
export interface Notifier extends Component {
  /** `threads`: later notices of an incident join the first. */
  readonly supports: { readonly threads: boolean };
  /** Resolves when the channel accepted it; throws otherwise, and the error's `retryable` decides what follows. */
  deliver(notice: Notice, previous: Delivery | undefined, call: Call): Promise<Delivery>;
}
