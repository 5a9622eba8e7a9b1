import { once } from 'node:events';
import { createServer, type Server } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { EngineEvent } from '../../../examples/reference-host/test/docker/engine-log.ts';
import { attemptsOf } from '../checks.ts';
import { imageOf } from './layout.ts';
import type { Stage } from './stage.ts';

export interface Fault {
  /** The group it needs; else any. */
  readonly group?: string;
  /** It is over only when the container, or another in its place, was started anew. */
  readonly needsStart: boolean;
  /** Nothing is to be done: a person wanted it so. */
  readonly leave?: boolean;
  /** What is done beside it, in the middle of the recovery. */
  readonly disturb?: 'guard' | 'engine';
  /** What the fault does comes later than itself: counted from the end of the container. */
  readonly fromEnd?: boolean;
  /** Where the engine itself has to take note of it first, and may not: the event that shows that it did. */
  readonly effect?: (event: EngineEvent) => boolean;
  inject(stage: Stage, agentId: string): Promise<void>;
  /** Takes away what stands in the way, when `over` has resolved, and `lastsMs` later. */
  readonly mend?: (stage: Stage, agentId: string) => Promise<void>;
  readonly over?: (stage: Stage, agentId: string, since: number) => Promise<void>;
  readonly lastsMs?: number;
}

const occupied = new Map<string, Server>();
const start = { needsStart: true } as const;
const sigkill = ({ fleet }: Stage, agentId: string): Promise<void> => fleet.signal(agentId, 'SIGKILL');
const errors = ({ fleet }: Stage, agentId: string): Promise<void> => fleet.break(agentId, { kind: 'errors' });

/** Every kind of fault. Each is done to a healthy agent, from outside the guard. */
export const faults = {
  exit: { ...start, inject: ({ fleet }, agentId) => fleet.break(agentId, { kind: 'crash' }) },
  sigkill: { ...start, inject: sigkill },
  oom: {
    ...start,
    fromEnd: true,
    inject: ({ fleet }, agentId) => fleet.break(agentId, { kind: 'leak', capMb: 2_000, mbPerSecond: 200 }),
  },
  leak: {
    ...start,
    fromEnd: true,
    inject: ({ fleet }, agentId) => fleet.break(agentId, { kind: 'leak', capMb: 2_000, mbPerSecond: 30 }),
  },
  hang: { ...start, inject: ({ fleet }, agentId) => fleet.signal(agentId, 'SIGSTOP') },
  unhealthy: {
    ...start,
    effect: ({ action }) => action === 'health_status: unhealthy',
    inject: ({ fleet }, agentId) => fleet.exec(agentId, ['/usr/bin/touch', '/dev/shm/sick']),
  },
  slow: { ...start, inject: ({ fleet }, agentId) => fleet.break(agentId, { kind: 'slow', delayMs: 700 }) },
  errors: { ...start, inject: errors },
  network: {
    needsStart: false,
    lastsMs: 12_000,
    inject: async ({ fleet }, agentId) => {
      const { Id } = await fleet.inspect(agentId);
      await fleet.engine.ask('POST', '/networks/bridge/disconnect', { Container: Id, Force: true });
    },
    mend: async ({ fleet }, agentId) => {
      const { Id, NetworkSettings } = await fleet.inspect(agentId);
      if ('bridge' in NetworkSettings.Networks) return;
      await fleet.engine.ask('POST', '/networks/bridge/connect', { Container: Id });
    },
  },
  /** The name of its image is gone; the recreate has to do without. */
  image: {
    ...start,
    group: 'archives',
    inject: async ({ fleet }, agentId) => {
      await fleet.engine.ask('DELETE', `/images/${imageOf(fleet, agentId)}?force=1`).catch(() => undefined);
      await fleet.break(agentId, { kind: 'errors' });
    },
  },
  /** Somebody else has taken the port of the host that it publishes, until the guard has tried in vain. */
  port: {
    ...start,
    group: 'gates',
    over: (stage, agentId, since) =>
      stage.heard(() =>
        stage.incidentsOf(agentId, since).some((one) => attemptsOf(one).some(({ verdict }) => verdict === 'failed')),
      ),
    inject: async (stage, agentId) => {
      await sigkill(stage, agentId);
      occupied.set(agentId, await listen(stage.hostPorts.get(agentId) ?? 0));
    },
    mend: async (_, agentId) => {
      const server = occupied.get(agentId);
      occupied.delete(agentId);
      if (server) await new Promise((closed) => server.close(closed));
    },
  },
  'engine-restart': { ...start, disturb: 'engine', inject: sigkill },
  'guard-kill': { ...start, disturb: 'guard', inject: errors },
  'guard-kill-restart': { ...start, disturb: 'guard', inject: sigkill },
  stopped: {
    needsStart: false,
    leave: true,
    lastsMs: 6_000,
    inject: stop,
    mend: async ({ fleet }, agentId) =>
      void (await fleet.engine.ask('POST', `/containers/${fleet.nameOf(agentId)}/start`)),
  },
  paused: {
    needsStart: false,
    leave: true,
    lastsMs: 6_000,
    inject: async ({ fleet }, agentId) =>
      void (await fleet.engine.ask('POST', `/containers/${fleet.nameOf(agentId)}/pause`)),
    mend: async ({ fleet }, agentId) =>
      void (await fleet.engine.ask('POST', `/containers/${fleet.nameOf(agentId)}/unpause`)),
  },
} as const satisfies { readonly [kind: string]: Fault };

export type FaultKind = keyof typeof faults;
export const faultKinds = Object.keys(faults) as readonly FaultKind[];

/** Which agents a fault can be done to. */
export function eligible(kind: FaultKind, agentIds: readonly string[]): readonly string[] {
  const { group }: Fault = faults[kind];
  return group === undefined ? agentIds : agentIds.filter((agentId) => agentId.startsWith(`${group}.`));
}

async function stop({ fleet }: Stage, agentId: string): Promise<void> {
  await fleet.engine.ask('POST', `/containers/${fleet.nameOf(agentId)}/stop?t=2`);
}

/** Takes a port as soon as the proxy of the engine has let go of it. */
async function listen(port: number): Promise<Server> {
  for (let tries = 0; ; tries += 1) {
    const server = createServer((socket) => socket.destroy());
    server.listen(port, '0.0.0.0');
    try {
      await Promise.race([once(server, 'listening'), once(server, 'error').then(([error]) => Promise.reject(error))]);
      return server;
    } catch (error) {
      if (tries > 200) throw error;
      await sleep(5);
    }
  }
}
