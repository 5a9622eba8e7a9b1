import type { ProbeAnswer, Prober } from '../monitoring/index.ts';
import type { Answers } from './answers.ts';
import { callNames } from './ports.ts';

/** Answers from the record; a question the record has nothing near of counts against nobody. */
export function replayProber(answers: Answers): Prober {
  return {
    probe: ({ agentId, probe }) =>
      answers.ask<ProbeAnswer>(callNames.probe(agentId, probe), () => ({
        outcome: 'unknown',
        latencyMs: 0,
        detail: 'the record has no answer of about this time',
      })),
  };
}
