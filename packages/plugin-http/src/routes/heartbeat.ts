import { guardError, type Heartbeat } from '@praetorian-guard/core/plugin';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Parts } from '../parts.ts';
import type { RouteSpec } from '../route.ts';
import { leaderOf } from '../leader.ts';
import { heartbeatBody, instructionAnswer } from '../schemas.ts';
import { refuseStranger } from '../stranger.ts';
import { readHeartbeat } from '../wire.ts';

/** The hot path: the guard itself judges the body, so nothing is validated here, and the answer has no body. */
export function heartbeatRoutes({ guard, ownership }: Parts): RouteSpec[] {
  // The reply is not returned: the server would then wait for it to be written, for every beat.
  const handle = (request: FastifyRequest, reply: FastifyReply): void => {
    const beat = readHeartbeat(request.body) as Heartbeat;
    if (request.caller.role === 'agent' && typeof beat?.agentId === 'string') {
      ownership.requireOwn(request.caller, beat.agentId);
    }
    const ack = guard.heartbeat(beat);
    switch (ack) {
      case 'accepted':
      case 'duplicate':
        void reply.code(204).send();
        return;
      case 'drain':
      case 'isolated':
        void reply.send({ instruction: ack });
        return;
      case 'epoch':
        void reply.send({ instruction: ack, ...leaderOf(guard, beat.agentId) });
        return;
      case 'retired':
        throw guardError('GUARD_AGENT_RETIRED', { agentId: beat.agentId, instance: beat.instance ?? 'unknown' });
      case 'unknown':
        return refuseStranger(guard, beat);
      case 'invalid':
        throw guardError('GUARD_SIGNAL_INVALID', { why: guard.heartbeatProblem(beat) ?? 'it cannot be read' });
    }
  };
  return [
    {
      method: 'POST',
      path: '/heartbeat',
      access: 'agent',
      tag: 'agents',
      summary: 'Says that an agent is alive.',
      described: heartbeatBody,
      limit: 'heartbeat',
      hot: true,
      responses: {
        204: { description: 'Counted.' },
        200: {
          description:
            'Counted, with an instruction: finish what there is (drain); no work is routed here (isolated); `primary` leads the group in `epoch`, and whoever else takes itself for the primary must stop that (epoch).',
          schema: instructionAnswer,
        },
        400: { description: 'A field is not valid.' },
        404: { description: 'Nobody registered the agent, or this instance of it.' },
        410: { description: 'The instance was replaced and must stop.' },
      },
      handle,
    },
  ];
}
