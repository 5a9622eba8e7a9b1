import {
  type AgentId,
  type ErrorCode,
  type GuardApi,
  guardError,
  type GuardError,
  type Heartbeat,
  isGuardError,
} from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Caller } from '../access.ts';
import { parseJson } from '../json-body.ts';
import { type BatchFault, type BatchItem, readArray, readLines } from '../json-items.ts';
import { type Leader, leaderOf } from '../leader.ts';
import type { Parts } from '../parts.ts';
import type { RouteSpec } from '../route.ts';
import { heartbeatsAnswer, heartbeatsBody } from '../schemas.ts';
import { refuseStranger } from '../stranger.ts';
import { readHeartbeat } from '../wire.ts';

const route = 'POST /heartbeats';

/** Most rejections that are told one by one; the rest is counted, so that a large bad batch gets a small answer. */
const maxTold = 1_000;

interface Rejection {
  readonly index: number;
  readonly line?: number;
  readonly agentId?: string;
  readonly code: ErrorCode;
  readonly detail: string;
}

type Instruction = { readonly instruction: 'drain' | 'isolated' | 'epoch' } & Partial<Leader>;

interface Counts {
  accepted: number;
  rejected: Rejection[];
  /** Rejections beyond those listed. */
  rejectedMore?: number;
}

interface Batch {
  readonly counts: Counts;
  /** What agents that were counted have to be told, once each, however many of its beats are in the batch. */
  readonly instructions: Map<AgentId, { readonly index: number; readonly agentId: AgentId } & Instruction>;
}

/** Counts heartbeats as they arrive, one at a time: neither the body nor the list of beats is ever held whole. */
export function heartbeatsRoutes(parts: Parts): RouteSpec[] {
  const { limits } = parts.config;
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (Number(request.headers['content-length']) > limits.batch) {
      throw guardError('GUARD_HTTP_TOO_LARGE', { max: limits.batch });
    }
    const batch: Batch = { counts: { accepted: 0, rejected: [] }, instructions: new Map() };
    const read = request.headers['content-type']?.toLowerCase().includes('ndjson') ? readLines : readArray;
    try {
      for await (const item of read(request.raw, { item: limits.heartbeat, total: limits.batch })) {
        if ('fault' in item && item.whole) throw guardError('GUARD_HTTP_BODY', { route, why: item.fault });
        take(parts, request.caller, item, batch);
      }
    } finally {
      // What was counted before a fault stays counted; sending the batch again does no harm.
      if (!request.raw.readableEnded) {
        request.raw.resume();
        void reply.header('connection', 'close');
      }
    }
    const instructions = [...batch.instructions.values()];
    return { ...batch.counts, ...(instructions.length === 0 ? {} : { instructions }) };
  };
  return [
    {
      method: 'POST',
      path: '/heartbeats',
      access: 'agent',
      tag: 'agents',
      summary: 'Many heartbeats at once, as a JSON array or one a line (NDJSON).',
      described: heartbeatsBody,
      accepts: ['application/json', 'application/x-ndjson'],
      streams: true,
      limit: 'batch',
      responses: {
        200: {
          description:
            'How many were counted, and each that was not. At most 1000 are listed; `rejectedMore` counts the others. `instructions` has one line for each agent that has to be told something.',
          schema: heartbeatsAnswer,
        },
      },
      handle,
    },
  ];
}

function take({ guard, ownership }: Parts, caller: Caller, item: BatchItem | BatchFault, batch: Batch): void {
  const { counts } = batch;
  let agentId: string | undefined;
  try {
    if ('fault' in item) throw guardError('GUARD_HTTP_BODY', { route, why: item.fault });
    const beat = readHeartbeat(parseJson(item.text, route)) as Heartbeat;
    if (typeof beat?.agentId === 'string') {
      agentId = beat.agentId;
      ownership.requireOwn(caller, agentId);
    }
    const ack = guard.heartbeat(beat);
    if (ack === 'invalid')
      throw guardError('GUARD_SIGNAL_INVALID', { why: guard.heartbeatProblem(beat) ?? 'it cannot be read' });
    if (ack === 'unknown') refuseStranger(guard, beat);
    if (ack === 'retired')
      throw guardError('GUARD_AGENT_RETIRED', { agentId: beat.agentId, instance: beat.instance ?? 'unknown' });
    counts.accepted += 1;
    if (ack === 'drain' || ack === 'isolated' || ack === 'epoch')
      instruct(guard, ack, { beat, index: item.index, batch });
  } catch (error) {
    if (!isGuardError(error)) throw error;
    reject(item, agentId, error, counts);
  }
}

/** Who leads is looked up once for each agent that has to be told. */
function instruct(
  guard: GuardApi,
  instruction: Instruction['instruction'],
  { beat: { agentId }, index, batch }: { readonly beat: Heartbeat; readonly index: number; readonly batch: Batch },
): void {
  if (batch.instructions.get(agentId)?.instruction === instruction) return;
  const leader = instruction === 'epoch' ? leaderOf(guard, agentId) : {};
  batch.instructions.set(agentId, { index, agentId, instruction, ...leader });
}

function reject(item: BatchItem | BatchFault, agentId: string | undefined, error: GuardError, counts: Counts): void {
  if (counts.rejected.length >= maxTold) {
    counts.rejectedMore = (counts.rejectedMore ?? 0) + 1;
    return;
  }
  const { index, line } = item;
  const place = line === undefined ? { index } : { index, line };
  const who = agentId === undefined ? {} : { agentId: agentId.slice(0, 200) };
  const where = line === undefined ? '' : `line ${line}: `;
  counts.rejected.push({ ...place, ...who, code: error.code, detail: `${where}${error.message}` });
}
