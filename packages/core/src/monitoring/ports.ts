import type { AgentSlot, FleetView } from '../contracts/index.ts';
import type { InstanceId } from '../model/index.ts';

/** What monitoring has to know of the fleet: also which instances count and where they are reached. */
export interface MonitoredFleet extends FleetView {
  /** What signals of an instance are worth. */
  standing(slot: AgentSlot, instanceId: InstanceId): 'current' | 'retired' | 'unknown';
  /** Where the current instance, or one that announced itself, is reached. */
  endpointOf(slot: AgentSlot, instanceId?: InstanceId): KnownEndpoint | undefined;
}

export interface KnownEndpoint {
  readonly endpoint: string;
  /** Who named the address; only an orchestrator's and the config's are trusted as they are. */
  readonly source: 'orchestrator' | 'registration' | 'config';
  /** Where the orchestrator says that it is: called when the name in `endpoint` cannot be resolved here. */
  readonly instead?: string;
}
