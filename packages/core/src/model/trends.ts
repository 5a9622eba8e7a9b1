import type { MetricName } from './metrics.ts';
import type { Ms, Ratio } from './units.ts';

/** When a figure that rises is a suspicion: it would reach its limit. */
export interface TrendsPolicy {
  /** Figures older than this are forgotten. */
  readonly windowMs: Ms;
  /** Fewer samples than this say nothing. */
  readonly minSamples: number;
  /** Confidence of the bounds of the slope. */
  readonly confidence: Ratio;
  /** It is a suspicion when the limit will be reached within this, even at the lower bound of the slope. */
  readonly withinMs: Ms;
  /** Limits by figure; one without a limit is not looked at. That of memory may also come from the orchestrator. */
  readonly limits: { readonly [metric in MetricName]?: number };
}

/** Whether the guard acts on what it foresees. */
export interface PredictionPolicy {
  /** `off`: it is told that a figure will run out; `suggest`: and what would be done; `act`: the agent is restarted before. */
  readonly mode: 'off' | 'suggest' | 'act';
  /** Nothing is done earlier than this before the limit is reached. */
  readonly withinMs: Ms;
  /** A quiet moment is not waited for any longer than to this before the limit is reached. */
  readonly marginMs: Ms;
  /** Figures whose exhaustion ends an agent, so that it may be restarted before. */
  readonly metrics: readonly MetricName[];
  readonly quiet: QuietPolicy;
}

/** What a quiet moment is: everything the agent reports of these holds, and it reports one of them at least. */
export interface QuietPolicy {
  /** At most this many tasks in hand. */
  readonly activeTasks: number;
  readonly queueDepth: number;
  /** At most this share of a processor. */
  readonly cpu: number;
  /** At most this many requests per second; absent: not asked about. */
  readonly requestsPerSecond?: number;
}
