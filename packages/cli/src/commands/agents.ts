import { type AgentStatus, formatDuration, scoreText, sloTexts } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import type { ExitCode } from '../exit-code.ts';
import { talk, talkList } from '../remote.ts';
import type { Style } from '../style.ts';
import { table } from '../table.ts';
import { ago, breakerWord, facts, healthWord, moment } from '../words.ts';

/** The list, or one agent in full. */
export async function run(call: Invocation): Promise<ExitCode> {
  const { style, columns } = call.io;
  const [id] = call.args;
  if (id !== undefined) {
    const path = `/api/v1/agents/${encodeURIComponent(id)}`;
    return talk(call, { method: 'GET', path }, (status: AgentStatus) => one(style, status));
  }
  const query = { group: call.option('group'), health: call.option('health') };
  return talkList(call, { path: '/api/v1/agents', query, max: 10_000 }, (items: readonly AgentStatus[]) =>
    items.length === 0 ? 'no agents' : list(style, items, columns),
  );
}

function list(style: Style, items: readonly AgentStatus[], columns: number | undefined): string {
  const rows = items.map((status) => [
    status.agent.id,
    status.agent.group,
    healthWord(style, status.health),
    ago(status.since),
    breakerWord(style, status.breaker),
    scoreOf(status),
    noteOf(status),
  ]);
  return table(['AGENT', 'GROUP', 'HEALTH', 'FOR', 'BREAKER', 'SCORE', 'WHAT'], rows, columns);
}

/** What a person looks for first: its incident, else what holds it, else what stands against it. */
function noteOf({ incidentId, heldBy, findings, remarks = [] }: AgentStatus): string {
  const why = findings[0]?.text ?? remarks[0]?.text;
  const parts = [incidentId, heldBy === undefined ? undefined : `held by ${heldBy}`, why];
  return parts.filter((part) => part !== undefined).join(': ');
}

function one(style: Style, status: AgentStatus): string {
  const { agent, progress } = status;
  const head = facts(style, [
    ['agent', `${agent.id} of ${agent.group}, told by ${agent.source}`],
    ['health', `${healthWord(style, status.health)} since ${moment(status.since)}`],
    ['role', roleOf(status)],
    ['breaker', breakerWord(style, status.breaker)],
    ['score', scoreText(status.score)],
    ['mode', status.mode],
    ['instance', agent.instance && `${agent.instance.id}, generation ${agent.instance.generation}`],
    ['endpoint', agent.instance?.endpoint],
    ['orchestrator', agent.orchestrator],
    ['depends on', agent.dependsOn.join(', ')],
    [
      'heartbeat',
      status.silentMs === undefined ? 'none yet' : `${formatDuration(status.silentMs)} ago, ${status.missed} missed`,
    ],
    ['failures', `${status.failures} in 24 h`],
    ['work', progress && `${progress.activeTasks ?? '?'} active, ${progress.queueDepth ?? '?'} queued`],
    ['figures', figuresOf(status)],
    ['incident', status.incidentId],
    ['held by', status.heldBy],
  ]);
  const findings = status.findings.map((finding) => `\n${style.warn('finding')}  ${finding.text}`);
  const remarks = (status.remarks ?? []).map((remark) => `\n${style.warn('remark')}  ${remark.text}`);
  const levels = (status.slo ? sloTexts(status.slo) : []).map((text) => `\n${style.dim('level')}  ${text}`);
  return head + levels.join('') + findings.join('') + remarks.join('');
}

function roleOf({ agent, leadership }: AgentStatus): string | undefined {
  if (!leadership) return undefined;
  const { role, epoch, primary, lagMs } = leadership;
  const of = primary === undefined || primary === agent.id ? '' : ` of ${primary}`;
  const lag = lagMs === undefined ? '' : `, ${formatDuration(lagMs)} behind`;
  return `${role}${of}${epoch > 0 ? `, epoch ${epoch}` : ''}${role === 'replica' ? lag : ''}`;
}

function scoreOf(status: AgentStatus): string {
  return status.score.score === null ? '-' : status.score.score.toFixed(1);
}

function figuresOf(status: AgentStatus): string {
  const figures = Object.entries(status.metrics).map(
    ([name, value]) => `${name} ${Math.round(Number(value) * 1_000) / 1_000}`,
  );
  return figures.join(', ');
}
