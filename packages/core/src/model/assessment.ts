import type { Reason } from './reason.ts';

export type Band = 'low' | 'medium' | 'high' | 'critical';

/** 1–3 low, 4–6 medium, 7–8 high, 9–10 critical. */
export function bandOf(severity: number): Band {
  if (severity >= 9) return 'critical';
  if (severity >= 7) return 'high';
  return severity >= 4 ? 'medium' : 'low';
}

/** The lowest severity of the band above; after a failed watch severity is at least this. `10` from critical. */
export function nextBandEdge(severity: number): number {
  if (severity < 4) return 4;
  if (severity < 7) return 7;
  return severity < 9 ? 9 : 10;
}

/** One term of severity, kept so that an explanation repeats the sum instead of redoing it. */
export interface Factor {
  readonly name: string;
  readonly share: number;
  readonly text: string;
}

/** How bad it is, and why. */
export interface Assessment {
  /** Whole number, 1–10. */
  readonly severity: number;
  readonly factors: readonly Factor[];
  readonly dataLossRisk: boolean;
  readonly securityIncident: boolean;
  /** Signature of the failure assessed. */
  readonly signature: string;
  /** No detector of the guard's own, no rule and no earlier outcome knows this failure. */
  readonly unknown?: boolean;
  /** What a reader has to know of how it was assessed: rules that could not be evaluated. */
  readonly remarks?: readonly Reason[];
}
