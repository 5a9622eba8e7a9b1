import { formatDuration, type Incident, type Storm } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { tellError } from '../failure.ts';
import { incidentText } from '../incident-text.ts';
import { talk, talkList } from '../remote.ts';
import { stormLine, stormText } from '../storm-text.ts';
import type { Style } from '../style.ts';
import { table } from '../table.ts';
import { ago, stateWord } from '../words.ts';

/** The list, or one incident in full. */
export async function run(call: Invocation): Promise<ExitCode> {
  const { style, columns } = call.io;
  const [id] = call.args;
  if (id?.startsWith('storm_')) {
    const path = `/api/v1/storms/${encodeURIComponent(id)}`;
    return talk(call, { method: 'GET', path }, (storm: Storm) => stormText(style, storm));
  }
  if (id !== undefined) {
    const path = `/api/v1/incidents/${encodeURIComponent(id)}`;
    return talk(call, { method: 'GET', path }, (incident: Incident) => incidentText(style, incident));
  }
  const max = Number(call.option('limit'));
  if (!Number.isInteger(max) || max < 1) {
    tellError(call.io, { message: `--limit is ${call.option('limit')}; allowed is a whole number from 1 on.` });
    return exitCode.usage;
  }
  const query = { agentId: call.option('agent'), state: call.option('state') };
  // What to read first when much is red; who asks for one agent asks for its incidents alone.
  const beside = { name: 'storms', path: '/api/v1/storms?state=open' };
  const request = { path: '/api/v1/incidents', query, max, ...(query.agentId === undefined ? { beside } : {}) };
  return talkList(call, request, (items: readonly Incident[], more: boolean, storms: readonly Storm[]) =>
    [
      ...storms.map((storm) => `${stormLine(style, storm)}\n`),
      items.length === 0 ? 'no incidents' : list(style, items, columns) + (more ? '\n… more; raise --limit' : ''),
    ].join('\n'),
  );
}

function list(style: Style, items: readonly Incident[], columns: number | undefined): string {
  const rows = items.map((incident) => [
    incident.id,
    incident.agentId,
    stateWord(style, incident),
    String(incident.assessment?.severity ?? '-'),
    String(incident.attempts.length),
    ago(incident.openedAt),
    whyOf(incident),
  ]);
  return table(['INCIDENT', 'AGENT', 'STATE', 'SEV', 'TRIES', 'AGE', 'WHY'], rows, columns);
}

/** Of what is over, also how long it took. */
function whyOf({ because, ...incident }: Incident): string {
  if (incident.state !== 'resolved') return because.text;
  return `${because.text} It took ${formatDuration(incident.resolvedAt - incident.openedAt)}.`;
}
