import type { Agent, AgentId, BreakerState, ControlCommand, GroupId, Health, Receipt, Role } from '../model/index.ts';
import type { Call, Component } from './call.ts';

export type AgentChange =
  | { readonly type: 'registered'; readonly agent: Agent }
  | { readonly type: 'deregistered'; readonly agentId: AgentId };

/** An address work may be sent to. */
export interface Route {
  readonly agentId: AgentId;
  readonly endpoint: string;
  /** 0–1; half-open agents get a small share. */
  readonly weight: number;
  readonly health: Health;
  readonly breaker: BreakerState;
  /** Its part in a group with a primary: writes go to that. */
  readonly role?: Role;
}

/** Who is in the fleet and where work goes: the brief's Federation Core. An embedder passes its own. */
export interface ControlPlane extends Component {
  /** Everyone registered now, then changes, until the call aborts. */
  agents(call: Call): AsyncIterable<AgentChange>;
  /** Idempotent by key. A command that says what is so already succeeds. */
  apply(command: ControlCommand, grant: { readonly key: string; readonly fence: number }, call: Call): Promise<Receipt>;
  /** Where work of a group may go now: neither failed nor open. */
  routes(group: GroupId): readonly Route[];
}
