import type { Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import type { TestEngine } from '../../../examples/reference-host/test/docker/engine.ts';

export interface ComparedFault {
  readonly says: string;
  /** What it does comes later than itself: counted from the end of the container. */
  readonly fromEnd?: boolean;
  inject(container: Inspected, engine: TestEngine): Promise<void>;
}

const signal =
  (name: NodeJS.Signals) =>
  async ({ State }: Inspected): Promise<void> =>
    void process.kill(State.Pid, name);

const order =
  (fault: object) =>
  async ({ NetworkSettings }: Inspected): Promise<void> => {
    const address = Object.values(NetworkSettings.Networks).find(({ IPAddress }) => IPAddress !== '')?.IPAddress;
    // One that breaks so that it cannot answer has done what it was told.
    await fetch(`http://${address}:4000/fault`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(fault),
      signal: AbortSignal.timeout(1_000),
    }).catch(() => undefined);
  };

/** Each is done in the same way to the same agent, whoever looks after it. */
export const comparedFaults = {
  exit: { says: 'ends with code 1', inject: order({ kind: 'crash' }) },
  sigkill: { says: 'killed by SIGKILL', inject: signal('SIGKILL') },
  oom: {
    says: 'out of memory',
    fromEnd: true,
    inject: order({ kind: 'leak', capMb: 2_000, mbPerSecond: 200 }),
  },
  hang: { says: 'frozen by SIGSTOP', inject: signal('SIGSTOP') },
  blocked: { says: 'event loop blocked', inject: order({ kind: 'hang' }) },
  unhealthy: {
    says: 'HEALTHCHECK fails, it answers',
    inject: async ({ Id }, engine) => {
      const exec = await engine.ask<{ Id: string }>('POST', `/containers/${Id}/exec`, {
        Cmd: ['/usr/bin/touch', '/dev/shm/sick'],
      });
      await engine.ask('POST', `/exec/${exec.Id}/start`, { Detach: true });
    },
  },
  slow: { says: 'answers take 700 ms', inject: order({ kind: 'slow', delayMs: 700 }) },
  errors: { says: 'every request fails', inject: order({ kind: 'errors' }) },
} as const satisfies { readonly [kind: string]: ComparedFault };

export type ComparedKind = keyof typeof comparedFaults;
export const comparedKinds = Object.keys(comparedFaults) as readonly ComparedKind[];
