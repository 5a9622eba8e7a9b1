import type { Containers, Located } from '../containers/logs.ts';
import type { Member, ServiceRoster } from './service-roster.ts';

/** The containers of those tasks that run on the node of this engine: only they can be looked into. */
export class LocalTasks implements Containers {
  readonly #roster: Pick<ServiceRoster, 'all'>;
  readonly #nodeId: () => string | undefined;

  constructor(roster: Pick<ServiceRoster, 'all'>, nodeId: () => string | undefined) {
    this.#roster = roster;
    this.#nodeId = nodeId;
  }

  all(): readonly Located[] {
    return this.#roster.all().flatMap((member) => this.#located(member) ?? []);
  }

  member(containerId: string): Located | undefined {
    return this.all().find(({ facts }) => facts.Id === containerId);
  }

  #located({ agentId, instanceId, view }: Member): Located | undefined {
    const { NodeID, Status } = view.current;
    const id = Status.ContainerStatus?.ContainerID ?? '';
    if (id === '' || NodeID === undefined || NodeID !== this.#nodeId()) return undefined;
    return { agentId, instanceId, facts: { Id: id } };
  }
}
