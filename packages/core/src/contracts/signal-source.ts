import type { Signal } from '../model/index.ts';
import type { Call, Component } from './call.ts';

/** A signal as a source reports it; the collector stamps the receipt. */
export type SignalDraft = Signal extends infer S ? (S extends Signal ? Omit<S, 'receivedMs'> : never) : never;

/** Reports signals from elsewhere: Alertmanager, a kubelet, queues. */
export interface SignalSource extends Component {
  /** Reports until the call aborts, then resolves. */
  watch(report: (signal: SignalDraft) => void, call: Call): Promise<void>;
}
