import type { Hold } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { tellError } from '../failure.ts';
import { parseScope, scopeText } from '../hold-scope.ts';
import { timeOfDay } from '../process-clock.ts';
import { actorOf, talk } from '../remote.ts';

/** Leaves agents alone for a while. */
export async function run(call: Invocation): Promise<ExitCode> {
  const wanted = call.args[0] as string;
  const scope = parseScope(wanted);
  if (scope === undefined) {
    tellError(call.io, { message: `the scope is ${wanted}; allowed are fleet, group:NAME and agent:ID.` });
    return exitCode.usage;
  }
  const body = {
    ...actorOf(call),
    scope,
    ttl: call.option('for'),
    reason: call.option('reason'),
    maintenance: call.flag('maintenance'),
  };
  return talk(call, { method: 'POST', path: '/api/v1/holds', body }, (hold: Hold) => {
    return `${hold.id}  ${scopeText(hold.scope)} is held until ${timeOfDay(hold.until)}; end it with \`praetorian release ${hold.id}\``;
  });
}
