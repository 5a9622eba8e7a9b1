import type { Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { order } from '../../../examples/reference-host/test/docker/order.ts';
import type { TestEngine } from '../../../examples/reference-host/test/docker/engine.ts';

export interface ComparedFault {
  readonly says: string;
  /** What it does comes later than itself: counted from the end of the container. */
  readonly fromEnd?: boolean;
  /** Whoever looks after the agents may ask them; else their HEALTHCHECK is all there is. [true] */
  readonly asked?: boolean;
  inject(container: Inspected, engine: TestEngine): Promise<void>;
}

const signal =
  (name: NodeJS.Signals) =>
  async ({ State }: Inspected): Promise<void> =>
    void process.kill(State.Pid, name);

/** The HEALTHCHECK fails from now on; the agent works. */
const sicken = async ({ Id }: Inspected, engine: TestEngine): Promise<void> => {
  const exec = await engine.ask<{ Id: string }>('POST', `/containers/${Id}/exec`, {
    Cmd: ['/usr/bin/touch', '/dev/shm/sick'],
  });
  await engine.ask('POST', `/exec/${exec.Id}/start`, { Detach: true });
};

const broken =
  (fault: object) =>
  ({ NetworkSettings }: Inspected): Promise<void> => {
    const address = Object.values(NetworkSettings.Networks).find(({ IPAddress }) => IPAddress !== '')?.IPAddress;
    return order(address ?? '', fault);
  };

/** Each is done in the same way to the same agent, whoever looks after it. */
export const comparedFaults = {
  exit: { says: 'ends with code 1', inject: broken({ kind: 'crash' }) },
  sigkill: { says: 'killed by SIGKILL', inject: signal('SIGKILL') },
  oom: {
    says: 'out of memory',
    fromEnd: true,
    inject: broken({ kind: 'leak', capMb: 2_000, mbPerSecond: 200 }),
  },
  hang: { says: 'frozen by SIGSTOP', inject: signal('SIGSTOP') },
  blocked: { says: 'event loop blocked', inject: broken({ kind: 'hang' }) },
  unhealthy: { says: 'HEALTHCHECK fails, it answers', inject: sicken },
  unasked: { says: 'HEALTHCHECK fails, nothing to ask', asked: false, inject: sicken },
  slow: { says: 'answers take 700 ms', inject: broken({ kind: 'slow', delayMs: 700 }) },
  errors: { says: 'every request fails', inject: broken({ kind: 'errors' }) },
} as const satisfies { readonly [kind: string]: ComparedFault };

export type ComparedKind = keyof typeof comparedFaults;
export const comparedKinds = Object.keys(comparedFaults) as readonly ComparedKind[];
