import { type Incident, messageOf } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { tellError } from '../failure.ts';
import { actorOf, talk } from '../remote.ts';
import { stateWord } from '../words.ts';

/** Replaces an agent by a new instance. */
export async function run(call: Invocation): Promise<ExitCode> {
  const given = call.option('config-override');
  const override = given === undefined ? { value: undefined } : parse(given);
  if ('problem' in override) {
    tellError(call.io, { message: `--config-override is not a JSON object: ${override.problem}` });
    return exitCode.usage;
  }
  const body = {
    restoreState: call.flag('restore-state'),
    ...(override.value === undefined ? {} : { configOverride: override.value }),
    ...actorOf(call),
  };
  const path = `/api/v1/agents/${encodeURIComponent(call.args[0] as string)}/respawn`;
  return talk(call, { method: 'POST', path, body }, (incident: Incident) => {
    return `${incident.id}  ${stateWord(call.io.style, incident)}  ${incident.because.text}`;
  });
}

function parse(text: string): { readonly value: object } | { readonly problem: string } {
  try {
    const value: unknown = JSON.parse(text);
    const isObject = typeof value === 'object' && value !== null && !Array.isArray(value);
    return isObject ? { value } : { problem: `found ${text}` };
  } catch (error) {
    return { problem: messageOf(error) };
  }
}
