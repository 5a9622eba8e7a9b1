import type { ServiceFacts, TaskFacts } from '../src/services/swarm-facts.ts';

/** When the samples happened: what they tell of began now. */
export const at = Date.parse('2026-01-01T00:00:00Z');
export const minuteMs = 60_000;

export interface WantedTask {
  /** [`task`] */
  readonly id?: string;
  readonly slot?: number;
  readonly node?: string;
  /** Seconds after the first. */
  readonly made?: number;
  /** [running] */
  readonly state?: string;
  readonly wanted?: string;
  readonly error?: string | undefined;
  readonly force?: number;
  readonly policy?: NonNullable<TaskFacts['Spec']['RestartPolicy']>;
  readonly attached?: NonNullable<TaskFacts['NetworksAttachments']>;
  readonly ports?: NonNullable<TaskFacts['Status']['PortStatus']>['Ports'];
}

/** A task as Swarm lists it. */
export function aTask(given: WantedTask = {}): TaskFacts {
  const { id = 'task', slot = 1, node = 'n1', made = 0, state = 'running', wanted = 'running', error } = given;
  return {
    ID: id,
    CreatedAt: new Date(at + made * 1_000).toISOString(),
    ServiceID: 'service',
    Slot: slot,
    NodeID: node,
    Spec: {
      ContainerSpec: { Image: 'web:1' },
      ForceUpdate: given.force ?? 0,
      ...(given.policy ? { RestartPolicy: given.policy } : {}),
    },
    DesiredState: wanted,
    Status: {
      Timestamp: new Date(at).toISOString(),
      State: state,
      ...(error === undefined ? {} : { Err: error }),
      ContainerStatus: { ContainerID: `container-${id}`, ExitCode: 0 },
      ...(given.ports ? { PortStatus: { Ports: given.ports } } : {}),
    },
    ...(given.attached ? { NetworksAttachments: given.attached } : {}),
  };
}

export interface WantedService {
  readonly replicas?: number;
  readonly global?: boolean;
  readonly job?: boolean;
  readonly labels?: { readonly [name: string]: string };
  /** Of the action that made the last update, and of the one before. */
  readonly key?: string;
  readonly keyBefore?: string;
  /** State of the update. */
  readonly update?: string | undefined;
  readonly force?: number;
}

/** A service as Swarm shows it. */
export function aService(given: WantedService = {}): ServiceFacts {
  const mode = given.global === true ? { Global: {} } : given.job === true ? { ReplicatedJob: {} } : undefined;
  const spec = (key: string | undefined): ServiceFacts['Spec'] => ({
    Name: 'web',
    Labels: { ...given.labels, ...(key === undefined ? {} : { 'praetorian.key': key }) },
    TaskTemplate: { ForceUpdate: given.force ?? 0 },
    Mode: mode ?? { Replicated: { Replicas: given.replicas ?? 1 } },
  });
  const { update } = given;
  return {
    ID: 'service',
    Version: { Index: 1 },
    Spec: spec(given.key),
    PreviousSpec: spec(given.keyBefore),
    ...(update === undefined ? {} : { UpdateStatus: { State: update, Message: `${update} it is` } }),
  };
}
