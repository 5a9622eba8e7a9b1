import {
  type AgentId,
  type ErrorCode,
  type GuardApi,
  type HeartbeatAck,
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

interface BatchAnswer {
  accepted: number;
  rejected: Rejection[];
  /** Rejections beyond those listed. */
  rejectedMore?: number;
  /** Agents that were counted and have to be told something. */
  instructions?: ({ readonly index: number; readonly agentId: string } & Instruction)[];
}

/** Counts heartbeats as they arrive, one at a time: neither the body nor the list of beats is ever held whole. */
export function heartbeatsRoutes(parts: Parts): RouteSpec[] {
  const { limits } = parts.config;
  const handle = async (request: FastifyRequest, reply: FastifyReply): Promise<unknown> => {
    if (Number(request.headers['content-length']) > limits.batch) {
      throw guardError('GUARD_HTTP_TOO_LARGE', { max: limits.batch });
    }
    const answer: BatchAnswer = { accepted: 0, rejected: [] };
    const read = request.headers['content-type']?.includes('ndjson') ? readLines : readArray;
    try {
      for await (const item of read(request.raw, { item: limits.heartbeat, total: limits.batch })) {
        if ('fault' in item && item.whole) throw guardError('GUARD_HTTP_BODY', { route, why: item.fault });
        take(parts, request.caller, item, answer);
      }
    } finally {
      // What was counted before a fault stays counted; sending the batch again does no harm.
      if (!request.raw.readableEnded) {
        request.raw.resume();
        void reply.header('connection', 'close');
      }
    }
    return answer;
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
            'How many were counted, and each that was not. At most 1000 are listed; `rejectedMore` counts the others.',
          schema: heartbeatsAnswer,
        },
      },
      handle,
    },
  ];
}

function take({ guard, ownership }: Parts, caller: Caller, item: BatchItem | BatchFault, answer: BatchAnswer): void {
  const { index } = item;
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
    if (ack === 'unknown') throw guardError('GUARD_AGENT_UNKNOWN', { agentId: beat.agentId });
    if (ack === 'retired')
      throw guardError('GUARD_AGENT_RETIRED', { agentId: beat.agentId, instance: beat.instance ?? 'unknown' });
    answer.accepted += 1;
    const instruction = instructionOf(guard, beat.agentId, ack);
    if (instruction) (answer.instructions ??= []).push({ index, agentId: beat.agentId, ...instruction });
  } catch (error) {
    if (!isGuardError(error)) throw error;
    reject(item, agentId, error, answer);
  }
}

/** What the agent has to be told; `undefined`: nothing. */
function instructionOf(guard: GuardApi, agentId: AgentId, ack: HeartbeatAck): Instruction | undefined {
  if (ack === 'epoch') return { instruction: ack, ...leaderOf(guard, agentId) };
  return ack === 'drain' || ack === 'isolated' ? { instruction: ack } : undefined;
}

function reject(
  item: BatchItem | BatchFault,
  agentId: string | undefined,
  error: GuardError,
  answer: BatchAnswer,
): void {
  if (answer.rejected.length >= maxTold) {
    answer.rejectedMore = (answer.rejectedMore ?? 0) + 1;
    return;
  }
  const { index, line } = item;
  const place = line === undefined ? { index } : { index, line };
  const who = agentId === undefined ? {} : { agentId: agentId.slice(0, 200) };
  const where = line === undefined ? '' : `line ${line}: `;
  answer.rejected.push({ ...place, ...who, code: error.code, detail: `${where}${error.message}` });
}
