import type { AgentChange, Clock, ControlPlane, Logger } from '../../contracts/index.ts';
import { messageOf } from '../../contracts/index.ts';
import type { Fleet, FleetChange } from '../../fleet/index.ts';
import type { AgentId } from '../../model/index.ts';

export interface ControlPlaneFeedOptions {
  readonly controlPlane: ControlPlane;
  readonly fleet: Fleet;
  readonly clock: Clock;
  readonly log: Logger;
  changed(change: FleetChange): void;
  gone(agentId: AgentId): void;
}

/** Follows an embedder's own control plane: whom it registers is watched, whom it deregisters is not. */
export class ControlPlaneFeed {
  readonly #o: ControlPlaneFeedOptions;
  readonly #stop = new AbortController();
  #run: Promise<void> | undefined;

  constructor(options: ControlPlaneFeedOptions) {
    this.#o = options;
  }

  start(): void {
    this.#run ??= this.#follow();
  }

  async stop(): Promise<void> {
    this.#stop.abort(new DOMException('the guard stops', 'AbortError'));
    await this.#run;
  }

  async #follow(): Promise<void> {
    const { controlPlane, clock, log } = this.#o;
    const { signal } = this.#stop;
    while (!signal.aborted) {
      try {
        for await (const change of controlPlane.agents({ signal, traceId: 'control-plane' })) this.#take(change);
      } catch (thrown) {
        if (!signal.aborted) log.warn({ err: messageOf(thrown) }, 'the control plane broke off; it is asked again');
      }
      if (!signal.aborted) await clock.sleep(1_000, signal).catch(() => undefined);
    }
  }

  #take(change: AgentChange): void {
    const { fleet, log } = this.#o;
    if (change.type === 'deregistered') {
      this.#o.gone(change.agentId);
      return;
    }
    const { id, group, instance, labels, role, dependsOn, criticality } = change.agent;
    try {
      const { endpoint, generation, id: instanceId } = instance ?? {};
      this.#o.changed(
        fleet.register({
          id,
          group,
          labels,
          dependsOn,
          criticality,
          ...(role === undefined ? {} : { role }),
          ...(instanceId === undefined ? {} : { instance: instanceId }),
          ...(generation === undefined ? {} : { generation }),
          ...(endpoint === undefined ? {} : { endpoint }),
        }),
      );
    } catch (thrown) {
      log.error({ agentId: id, err: messageOf(thrown) }, 'an agent of the control plane was not taken in');
    }
  }
}
