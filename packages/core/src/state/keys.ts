import type { AgentId, GroupId, IncidentId, StormId } from '../model/index.ts';

/** Number of shards of a new store; fixed at its first start and stored in it. */
export const defaultShards = 64;

/** The shard that owns a group: FNV-1a of its name, modulo the number of shards. */
export function shardOf(group: GroupId, shards: number): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < group.length; at += 1) {
    hash = Math.imul(hash ^ group.charCodeAt(at), 0x01000193);
  }
  return (hash >>> 0) % shards;
}

/** Where things lie in the store. A shard's keys begin with its partition, so that one commit covers them. */
export const keys = {
  meta: 'meta/guard',
  config: (hash: string): string => `config/${hash}`,
  holds: 'hold/',
  hold: (id: string): string => `hold/${id}`,
  partition: (shard: number): string => `shard/${shard}`,
  agents: (shard: number): string => `shard/${shard}/agent/`,
  agent: (shard: number, id: AgentId): string => `shard/${shard}/agent/${id}`,
  incidents: (shard: number): string => `shard/${shard}/incident/`,
  incident: (shard: number, id: IncidentId): string => `shard/${shard}/incident/${id}`,
  timeline: (shard: number, id: IncidentId): string => `shard/${shard}/timeline/${id}/`,
  /** Padded, so that lines are listed in their order. */
  timelineLine: (shard: number, id: IncidentId, seq: number): string =>
    `shard/${shard}/timeline/${id}/${String(seq).padStart(8, '0')}`,
  leaderships: (shard: number): string => `shard/${shard}/leadership/`,
  leadership: (shard: number, group: GroupId): string => `shard/${shard}/leadership/${group}`,
  breakers: (shard: number): string => `shard/${shard}/breaker/`,
  breaker: (shard: number, group: GroupId): string => `shard/${shard}/breaker/${group}`,
  storms: (shard: number): string => `shard/${shard}/storm/`,
  storm: (shard: number, id: StormId): string => `shard/${shard}/storm/${id}`,
  budget: (shard: number, id: AgentId): string => `shard/${shard}/budget/${id}`,
  groupBudget: (shard: number, group: GroupId): string => `shard/${shard}/group-budget/${group}`,
  /** Also its partition: it belongs to no shard. */
  globalBudget: 'budget/fleet',
  outboxes: (shard: number): string => `shard/${shard}/outbox/`,
  outbox: (shard: number, noticeId: string): string => `shard/${shard}/outbox/${noticeId}`,
  thread: (shard: number, incidentId: IncidentId, notifier: string): string =>
    `shard/${shard}/thread/${incidentId}/${notifier}`,
  /** What detectors keep of an agent. */
  memories: (shard: number): string => `shard/${shard}/memory/`,
  memory: (shard: number, id: AgentId): string => `shard/${shard}/memory/${id}`,
  ledger: (shard: number, id: AgentId): string => `shard/${shard}/ledger/${id}`,
  ranking: (shard: number, group: GroupId): string => `shard/${shard}/ranking/${group}`,
  allCheckpoints: (shard: number): string => `shard/${shard}/checkpoint/`,
  checkpoints: (shard: number, id: AgentId): string => `shard/${shard}/checkpoint/${id}/`,
  checkpoint: (shard: number, id: AgentId, checkpointId: string): string =>
    `shard/${shard}/checkpoint/${id}/${checkpointId}`,
  checkpointChunk: (shard: number, id: AgentId, checkpointId: string, chunk: number): string =>
    `shard/${shard}/chunk/${id}/${checkpointId}/${chunk}`,
} as const;
