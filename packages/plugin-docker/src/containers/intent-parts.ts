import type {
  Action,
  AgentId,
  Clock,
  Decision,
  GroupId,
  Intent,
  JsonObject,
  Logger,
} from '@praetorian-guard/core/plugin';
import type { Engine } from '../engine/engine.ts';
import type { Book } from './book.ts';
import type { Roster } from './roster.ts';

export interface IntentsParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly book: Book;
  readonly roster: Roster;
  readonly idPrefix: string;
  readonly log: Logger;
}

/** State before an action on one container. */
export interface ContainerBefore {
  readonly containerId: string;
  readonly name: string;
  /** Of the agent; unknown for one that is gone. */
  readonly group?: GroupId;
  /** Changes with every start. */
  readonly startedAt: string;
  readonly running: boolean;
  /** Of the container to come. */
  readonly generation?: number;
  /** `in-place` also where a respawn beside it was asked for and both could not run at once; why. */
  readonly mode?: 'beside' | 'in-place';
  readonly inPlaceBecause?: string;
  /** Retire: the one that bears the name from then on. */
  readonly heir?: string;
  /** Retire: the one that was replaced and comes back. */
  readonly back?: string;
  /** Containers that live in it and are restarted with it. */
  readonly sharers?: readonly Companion[];
}

/** A container that lives in another one, as it was before that was touched. */
export interface Companion {
  readonly agentId: AgentId;
  readonly containerId: string;
  readonly startedAt: string;
  /** It lives in its process space, and ends with it. */
  readonly ends?: true;
}

export type InstanceAction = Extract<Action, { instanceId: string }>;

export function admit(key: string, action: Action, affects: readonly AgentId[], before: object): Decision<Intent> {
  const reason = { code: 'proceed', text: 'Docker can do it.' } as const;
  return { act: true, value: { key, action, affects, before: structuredClone(before) as JsonObject }, reason };
}

export function refuse(text: string, remedy?: string): Decision<never> {
  return { act: false, reason: { code: 'orchestrator-refused', text, ...(remedy === undefined ? {} : { remedy }) } };
}
