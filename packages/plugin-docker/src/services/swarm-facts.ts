import { createHash } from 'node:crypto';
import { canonicalJson, type Ms } from '@praetorian-guard/core/plugin';
import type { Labels } from '../containers/naming.ts';

/** What is read of the answers of Swarm; whatever else they hold is passed on as it is. */
export interface TaskSpec {
  readonly ContainerSpec?: {
    readonly Image?: string;
    readonly Labels?: Labels;
    readonly Command?: readonly string[];
    readonly Args?: readonly string[];
    readonly Env?: readonly string[];
    /** ns */
    readonly StopGracePeriod?: number;
    readonly TTY?: boolean;
  };
  readonly Resources?: {
    readonly Limits?: Amounts;
    readonly Reservations?: Amounts;
  };
  readonly RestartPolicy?: {
    readonly Condition?: string;
    /** ns */
    readonly Delay?: number;
    readonly MaxAttempts?: number;
  };
  readonly ForceUpdate?: number;
}

export interface Amounts {
  readonly MemoryBytes?: number;
  readonly NanoCPUs?: number;
}

export interface ServiceSpec {
  readonly Name: string;
  readonly Labels?: Labels;
  readonly TaskTemplate: TaskSpec;
  readonly Mode: {
    readonly Replicated?: { readonly Replicas?: number };
    readonly Global?: object;
    readonly ReplicatedJob?: object;
    readonly GlobalJob?: object;
  };
}

export interface ServiceFacts {
  readonly ID: string;
  readonly Version: { readonly Index: number };
  readonly Spec: ServiceSpec;
  readonly PreviousSpec?: ServiceSpec;
  readonly UpdateStatus?: {
    readonly State?: string;
    readonly StartedAt?: string;
    readonly CompletedAt?: string;
    readonly Message?: string;
  };
}

export interface TaskFacts {
  readonly ID: string;
  readonly CreatedAt: string;
  readonly ServiceID: string;
  readonly Slot?: number;
  readonly NodeID?: string;
  readonly Spec: TaskSpec;
  readonly DesiredState: string;
  readonly Status: {
    readonly Timestamp: string;
    readonly State: string;
    readonly Message?: string;
    readonly Err?: string;
    readonly ContainerStatus?: { readonly ContainerID?: string; readonly ExitCode?: number };
    readonly PortStatus?: { readonly Ports?: readonly PublishedPort[] };
  };
  readonly NetworksAttachments?: readonly Attachment[];
}

interface PublishedPort {
  readonly TargetPort?: number;
  readonly PublishedPort?: number;
  readonly PublishMode?: string;
}

interface Attachment {
  readonly Network?: { readonly Spec?: { readonly Name?: string; readonly Ingress?: boolean } };
  readonly Addresses?: readonly string[];
}

export interface NodeFacts {
  readonly ID: string;
  readonly Description?: { readonly Hostname?: string };
  readonly Spec?: { readonly Availability?: string };
  readonly Status?: { readonly Addr?: string; readonly State?: string };
}

export interface KnownNode {
  /** It is lost from sight, and nobody has taken it out of service. */
  readonly isDown: boolean;
  /** Absent where another node has the same. */
  readonly name?: string;
  readonly address?: string;
}

export function nodesById(nodes: readonly NodeFacts[]): ReadonlyMap<string, KnownNode> {
  const nameOf = ({ Description }: NodeFacts): string | undefined => Description?.Hostname;
  return new Map(
    nodes.map((node) => {
      const name = nameOf(node);
      const isItsAlone = name !== undefined && nodes.filter((other) => nameOf(other) === name).length === 1;
      const { Addr: address, State: state } = node.Status ?? {};
      const isDown = state === 'down' && node.Spec?.Availability !== 'drain';
      return [node.ID, { isDown, ...(isItsAlone ? { name } : {}), ...(address === undefined ? {} : { address }) }];
    }),
  );
}

/** Swarm's own default. */
const restartDelayMs: Ms = 5_000;

/** How long Swarm waits before it puts a new task in the place of one that has ended. */
export function delayOf({ RestartPolicy: policy }: TaskSpec): Ms {
  return policy?.Delay === undefined ? restartDelayMs : policy.Delay / 1e6;
}

/** `any`, `on-failure` or `none`. */
export function conditionOf({ RestartPolicy: policy }: TaskSpec): string {
  return policy?.Condition ?? 'any';
}

/** How often the tasks of a service were made anew although nothing else had changed. */
export function forceOf(spec: TaskSpec): number {
  return spec.ForceUpdate ?? 0;
}

/** A job runs to its end and is done then; nobody keeps it up. */
export function isJob({ Mode: mode }: ServiceSpec): boolean {
  return mode.ReplicatedJob !== undefined || mode.GlobalJob !== undefined;
}

/** One task on each node, so that the node is the place and not a number. */
export function isGlobal({ Mode: mode }: ServiceSpec): boolean {
  return mode.Global !== undefined || mode.GlobalJob !== undefined;
}

/** Labels of the service, and of its containers where the service does not say otherwise. */
export function labelsOf({ Spec: { Labels: labels, TaskTemplate } }: ServiceFacts): Labels {
  return { ...TaskTemplate.ContainerSpec?.Labels, ...labels };
}

/** Tells one spec from another without keeping it, since it may hold secrets. */
export function printOf(spec: ServiceSpec): string {
  return createHash('sha256').update(canonicalJson(spec)).digest('hex');
}

/** Whether tasks would be made alike, be it that one was told to be made anew. */
export function isSameTask(one: TaskSpec, other: TaskSpec): boolean {
  return canonicalJson({ ...one, ForceUpdate: 0 }) === canonicalJson({ ...other, ForceUpdate: 0 });
}

/** To be compared as text: the time a task was made, to the nanosecond. */
export function ageOf({ CreatedAt: text, ID: id }: TaskFacts): string {
  const [seconds = '', fraction = ''] = text.replace('Z', '').split('.');
  return `${seconds}.${fraction.padEnd(9, '0')} ${id}`;
}

/** Oldest first. */
export function byAge(a: TaskFacts, b: TaskFacts): number {
  return ageOf(a) < ageOf(b) ? -1 : 1;
}
