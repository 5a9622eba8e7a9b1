import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { actorOf, queryOf, talk } from '../remote.ts';

/** Ends a hold before its time. */
export async function run(call: Invocation): Promise<ExitCode> {
  const id = call.args[0] ?? '';
  const path = `/api/v1/holds/${encodeURIComponent(id)}${queryOf(actorOf(call))}`;
  return talk(call, { method: 'DELETE', path }, () => `${id} released`);
}
