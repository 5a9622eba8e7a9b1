import type { Incident } from '@praetorian-guard/core/plugin';
import type { CommandModule, Invocation } from '../command.ts';
import { actorOf, talk } from '../remote.ts';
import { stateWord } from '../words.ts';

/** `acknowledge`, `approve`, `reject` and `resolve` differ only in the word. */
export function decisionCommand(verb: 'acknowledge' | 'approve' | 'reject' | 'resolve'): CommandModule {
  return {
    run: async (call: Invocation) => {
      const path = `/api/v1/incidents/${encodeURIComponent(call.args[0] as string)}/${verb}`;
      const answers = verb === 'approve' || verb === 'reject';
      const planHash = answers ? call.option('plan-hash') : undefined;
      const token = answers ? call.option('approval-token') : undefined;
      const body = {
        ...actorOf(call),
        ...(planHash === undefined ? {} : { planHash }),
        ...(token === undefined ? {} : { token }),
      };
      return talk(call, { method: 'POST', path, body }, (incident: Incident) => {
        const { text, remedy } = incident.because;
        return [
          incident.id,
          stateWord(call.io.style, incident),
          remedy === undefined ? text : `${text} ${remedy}`,
        ].join('  ');
      });
    },
  };
}
