import type { Parts } from '../parts.ts';
import type { RouteSpec } from '../route.ts';

/** The guard's own three probes, in the shapes it expects of agents, so that a second guard can watch this one. */
export function healthRoutes({ guard, clock, usage }: Parts): RouteSpec[] {
  return [
    {
      method: 'GET',
      path: '/health/live',
      access: 'public',
      tag: 'guard',
      summary: 'Whether the process answers.',
      responses: { 200: { description: 'It does.' } },
      handle: () => ({ status: 'alive', timestamp: new Date(clock.now()).toISOString() }),
    },
    {
      method: 'GET',
      path: '/health/ready',
      access: 'public',
      tag: 'guard',
      summary: 'Whether the guard watches and heals.',
      responses: { 200: { description: 'It does.' }, 503: { description: 'It is starting or stopping.' } },
      handle: (_request, reply) => {
        const running = guard.status().state === 'running';
        return reply.code(running ? 200 : 503).send({ ready: running, checks: { engine: running } });
      },
    },
    {
      method: 'GET',
      path: '/health/performance',
      access: 'public',
      tag: 'guard',
      summary: 'Figures of the guard: the time of a tick as its latency, requests served here, processor and memory.',
      responses: { 200: { description: 'What was measured; what was not is missing.' } },
      handle: () => ({ avg_latency_ms: guard.status().tick.lastMs, ...usage.figures() }),
    },
  ];
}
