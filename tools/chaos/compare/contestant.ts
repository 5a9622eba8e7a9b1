import type { ContainerFleet, Inspected } from '../../../examples/reference-host/test/docker/container-fleet.ts';

/** Somebody who looks after agents, and nobody else does. */
export interface Contestant {
  readonly name: string;
  /** The label that its containers carry, and nobody else's. */
  readonly label: string;
  /** Starts its agents, and whoever heals them; resolves when all work. */
  open(agentIds: readonly string[]): Promise<void>;
  /** The container that is the agent now; rejects while there is none. */
  inspect(agentId: string): Promise<Inspected>;
  /** Starts an agent anew by hand that nobody has healed. */
  mend(agentId: string): Promise<void>;
  close(): Promise<void>;
}

/** Memory of a container; a leak reaches it in seconds. */
export const memoryMb = 160;

/** Agents in plain containers, each with the same HEALTHCHECK: every second, two retries. */
export abstract class PlainContestant implements Contestant {
  abstract readonly name: string;
  readonly fleet: ContainerFleet;
  protected abstract readonly restartPolicy: 'no' | 'always';
  readonly #asked: boolean;

  /** `asked`: whoever wants to may ask the agents, because a label names their port. */
  constructor(fleet: ContainerFleet, asked: boolean) {
    this.fleet = fleet;
    this.#asked = asked;
  }

  get label(): string {
    return this.fleet.label;
  }

  async open(agentIds: readonly string[]): Promise<void> {
    await this.fleet.open();
    for (const agentId of agentIds)
      await this.fleet.start(agentId, {
        memoryMb,
        restartPolicy: this.restartPolicy,
        env: this.envOf(agentId),
        asked: this.#asked,
      });
    await this.lookAfter(agentIds);
  }

  inspect(agentId: string): Promise<Inspected> {
    return this.fleet.inspect(agentId);
  }

  async mend(agentId: string): Promise<void> {
    await this.fleet.engine.ask('POST', `/containers/${this.fleet.nameOf(agentId)}/restart?t=0`);
  }

  async close(): Promise<void> {
    await this.fleet.remove();
  }

  protected envOf(_agentId: string): { readonly [name: string]: string } {
    return {};
  }

  protected abstract lookAfter(agentIds: readonly string[]): Promise<void>;
}
