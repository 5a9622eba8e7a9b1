import type { AgentStatus } from '@praetorian-guard/core/plugin';
import { printable } from './printable.ts';
import type { Style } from './style.ts';
import { table } from './table.ts';

/** What the sample agent can be told to do, with what a person will see. */
const faults = [
  ['crash', 'it exits at once'],
  ['hang', 'it stops answering and ignores SIGTERM'],
  ['slow', 'every answer takes 800 ms and its work all but stands still'],
  ['errors', 'its work fails'],
  ['silent', 'it answers, but sends no heartbeats; restarted only after heartbeat.silentFor'],
] as const;

/** Every group with its agents. */
export function rosterText(agents: readonly AgentStatus[]): string {
  const rows = [...agents]
    .sort((a, b) => compare(a.agent.group, b.agent.group) || compare(a.agent.id, b.agent.id))
    .map(({ agent, mode }) => [
      agent.group,
      agent.id,
      mode,
      pidOf(agent) === undefined ? '' : String(pidOf(agent)),
      printable(agent.instance?.endpoint ?? ''),
    ]);
  return table(['GROUP', 'AGENT', 'MODE', 'PID', 'ENDPOINT'], rows);
}

/**
 * How to break an agent and see it heal. Only for agents that carry the label `kind: sample`, nobody is told how to break a
 * real one; and only for those an orchestrator runs, since anybody who may register could say of himself that he is one.
 */
export function breakText(style: Style, agents: readonly AgentStatus[]): string | undefined {
  const samples = agents.filter(({ agent }) => {
    return agent.source === 'orchestrator' && agent.labels['kind'] === 'sample' && faultUrl(agent) !== undefined;
  });
  const first = [...samples].sort(
    (a, b) => compare(b.agent.group, a.agent.group) || compare(a.agent.id, b.agent.id),
  )[0];
  if (first === undefined) return undefined;
  const { id } = first.agent;
  const url = shellWord(faultUrl(first.agent) ?? '');
  const lines = faults.map(
    ([kind, effect]) =>
      `  curl -X POST ${url} -H 'content-type: application/json' -d '{"kind":"${kind}"}'  ${style.dim(`# ${effect}`)}`,
  );
  const pid = pidOf(first.agent);
  const kill = pid === undefined ? [] : [`  kill -9 ${pid}  ${style.dim('# the process is gone')}`];
  return [style.strong(`Break ${id} and watch it heal:`), ...kill, ...lines].join('\n');
}

/** As an URL is written: with every character escaped that does not belong there. */
function faultUrl({ instance }: AgentStatus['agent']): string | undefined {
  const url = `${instance?.endpoint}/fault`;
  return URL.canParse(url) ? printable(new URL(url).href) : undefined;
}

/** A text that a shell takes as one word, whatever stands in it: the agent named its address itself. */
function shellWord(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function pidOf(agent: AgentStatus['agent']): number | undefined {
  const pid = agent.instance?.ref?.['pid'];
  return typeof pid === 'number' ? pid : undefined;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
