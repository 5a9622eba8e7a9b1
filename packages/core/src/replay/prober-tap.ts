import type { Prober } from '../monitoring/index.ts';
import { callNames } from './ports.ts';
import type { Recorder } from './recorder.ts';
import { tapped } from './tapped.ts';

/** A prober of which every answer is written down. */
export function tapProber(recorder: Recorder, inner: Prober): Prober {
  return tapped(inner, {
    probe: (request, signal) =>
      recorder.call({ about: callNames.probe(request.agentId, request.probe) }, () => inner.probe(request, signal)),
  });
}
