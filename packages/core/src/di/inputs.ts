import type { LoadedConfig } from '../config/load.ts';
import type { Logger, Metrics, Random, StateStore } from '../contracts/index.ts';
import type { Prober } from '../monitoring/index.ts';
import type { AgentClient } from '../recovery/index.ts';
import type { Recording } from '../replay/recording.ts';
import type { SteadyClock } from '../runtime/index.ts';

/** What is given to a guard from outside. */
export interface Inputs {
  readonly config: LoadedConfig;
  readonly clock: SteadyClock;
  readonly random: Random;
  readonly log: Logger;
  readonly metrics: Metrics;
  readonly baseDir: string;
  /** Writes down what reaches the guard and what it decides. */
  readonly recording?: Recording;
  /** Instead of the store of the config: for replays. */
  readonly store?: StateStore;
  /** Asks agents another way than over HTTP: in tests and simulations. */
  readonly prober?: Prober;
  readonly agentClient?: AgentClient;
  /** Key that signs approvals, instead of one from a file. */
  readonly approvalKey?: Uint8Array;
}
