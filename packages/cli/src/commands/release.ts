import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { talk } from '../remote.ts';

/** Ends a hold before its time. */
export async function run(call: Invocation): Promise<ExitCode> {
  const id = call.args[0] as string;
  const note = call.option('note');
  const body = note === undefined ? undefined : { note };
  return talk(
    call,
    { method: 'DELETE', path: `/api/v1/holds/${encodeURIComponent(id)}`, body },
    () => `${id} released`,
  );
}
