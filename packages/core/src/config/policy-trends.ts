import type { PredictionPolicy, TrendsPolicy } from '../model/index.ts';
import type { Sections } from './document.ts';

/** From the keys people write to those of the model, for what is foreseen. */
export function toTrends({ window, minSamples, confidence, within, limits }: Sections['trends']): TrendsPolicy {
  return { windowMs: window, minSamples, confidence, withinMs: within, limits };
}

export function toPrediction({ mode, within, margin, metrics, quiet }: Sections['prediction']): PredictionPolicy {
  return { mode, withinMs: within, marginMs: margin, metrics, quiet };
}
