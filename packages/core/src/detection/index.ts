/**
 * Turns signals into findings and findings into health. Detectors work on what arrived and on who is due; the health
 * monitor is the one place where health is computed.
 */
import type { Detector, Doubt, FleetView } from '../contracts/index.ts';
import { ErrorsDetector } from './errors/errors-detector.ts';
import { HeartbeatDetector } from './heartbeat/heartbeat-detector.ts';
import { LifecycleDetector } from './lifecycle-detector.ts';
import { ProbeDetector } from './probe-detector.ts';
import { ProgressDetector } from './progress-detector.ts';
import { SloBurnDetector } from './slo/slo-burn-detector.ts';
import { SloDetector } from './slo/slo-detector.ts';
import { TrendDetector } from './trends/trend-detector.ts';

export type { DetectionResult } from './detection.ts';
export { Detection } from './detection.ts';
export type { HealthChange } from './health-monitor.ts';

/** The detectors that come with the engine, by the names that `policy.detectors` uses. */
export const builtInDetectors: Readonly<Record<string, (fleet: FleetView, doubt?: Doubt) => Detector>> = {
  heartbeat: (fleet, doubt) => new HeartbeatDetector({ fleet, doubt }),
  probe: (fleet) => new ProbeDetector({ fleet }),
  progress: (fleet, doubt) => new ProgressDetector({ fleet, doubt }),
  lifecycle: (fleet) => new LifecycleDetector({ fleet }),
  slo: (fleet, doubt) => new SloDetector({ fleet, doubt }),
  'slo-burn': (fleet) => new SloBurnDetector({ fleet }),
  errors: (fleet) => new ErrorsDetector({ fleet }),
  trend: (fleet) => new TrendDetector({ fleet }),
};

/** Detectors that come along when another is named. */
export const belongsTo: { readonly [name: string]: readonly string[] } = { 'slo-burn': ['slo'] };
