import { type AgentStatus, type Hold, type HoldScope, parseDuration } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { tellError } from '../failure.ts';
import { parseScope, scopeText } from '../hold-scope.ts';
import { timeOfDay } from '../process-clock.ts';
import { actorOf, endpointOf, type ListBody, queryOf, talk } from '../remote.ts';
import { ask } from '../client.ts';

/** Leaves agents alone for a while. */
export async function run(call: Invocation): Promise<ExitCode> {
  const wanted = call.args[0] as string;
  const scope = parseScope(wanted);
  if (scope === undefined) {
    tellError(call.io, { message: `the scope is ${wanted}; allowed are fleet, group:NAME and agent:ID.` });
    return exitCode.usage;
  }
  const ttl = call.option('for') as string;
  if (parseDuration(ttl) === undefined) {
    tellError(call.io, { message: `--for is ${ttl}; allowed is a duration such as 30m, 2h or 1h30m, at most 30d.` });
    return exitCode.usage;
  }
  const body = { ...actorOf(call), scope, ttl, reason: call.option('reason'), maintenance: call.flag('maintenance') };
  const stranger = await isStranger(call, scope);
  return talk(call, { method: 'POST', path: '/api/v1/holds', body }, (hold: Hold) => {
    const name = scopeText(hold.scope);
    const mind = stranger ? `\nMind the name: the guard knows no agent of ${name} now.` : '';
    return `${hold.id}  ${name} is held until ${timeOfDay(hold.until)}; end it with \`praetorian release ${hold.id}\`${mind}`;
  });
}

/** Whether nobody is there whom the hold could cover: most likely its name is misspelt. Not knowing is no reason to say so. */
async function isStranger(call: Invocation, scope: HoldScope): Promise<boolean> {
  if (scope.kind === 'fleet') return false;
  const path =
    scope.kind === 'group'
      ? `/api/v1/agents${queryOf({ group: scope.group, limit: '1' })}`
      : `/api/v1/agents/${encodeURIComponent(scope.agentId)}`;
  const answer = await ask(endpointOf(call), 'GET', path);
  if (answer.kind === 'problem') return answer.problem.status === 404;
  const { items } = (answer.kind === 'ok' ? answer.body : {}) as Partial<ListBody<AgentStatus>>;
  return Array.isArray(items) && items.length === 0;
}
