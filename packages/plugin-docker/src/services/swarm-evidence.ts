import type { AgentId, EvidenceItem, Instance } from '@praetorian-guard/core/plugin';
import type { ServiceRoster } from './service-roster.ts';
import type { SwarmCalls } from './swarm-calls.ts';
import type { TaskFacts } from './swarm-facts.ts';
import { unframed } from './unframed.ts';

const tasksMax = 5;

/** What helps to understand the failure of a task, and holds no value of its environment. */
export async function evidenceOf(
  { instance, agentId, lines }: { instance: Instance; agentId: AgentId; lines: number },
  { roster, calls }: { roster: ServiceRoster; calls: SwarmCalls },
): Promise<readonly EvidenceItem[]> {
  const member = roster.member(agentId);
  const taskId = instance.ref?.['task'];
  const log = typeof taskId === 'string' && lines > 0 ? await logOf(taskId, lines, calls) : '';
  const status = member?.service.UpdateStatus;
  return [
    ...(log === '' ? [] : [{ label: 'log', text: log }]),
    ...(member ? [{ label: 'tasks', text: member.view.tasks.slice(-tasksMax).map(lineOf).join('\n') }] : []),
    ...(status ? [{ label: 'update', text: JSON.stringify(status) }] : []),
  ];
}

/** The log is gone with its node or its container; that is no reason to have none of the rest. */
async function logOf(taskId: string, lines: number, calls: SwarmCalls): Promise<string> {
  try {
    return unframed(await calls.taskLog(taskId, lines));
  } catch {
    return '';
  }
}

function lineOf({ ID, NodeID, CreatedAt, DesiredState, Status }: TaskFacts): string {
  const code = Status.ContainerStatus?.ExitCode;
  return [
    `${ID.slice(0, 12)} on ${NodeID?.slice(0, 12) ?? 'no node'}`,
    `made ${CreatedAt}`,
    `${Status.State} since ${Status.Timestamp}, wanted ${DesiredState}`,
    ...(code === undefined ? [] : [`exit code ${code}`]),
    ...(Status.Err === undefined || Status.Err === '' ? [] : [Status.Err]),
  ].join(', ');
}
