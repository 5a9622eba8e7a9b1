import { ContainerFleet, until } from '../../../examples/reference-host/test/docker/container-fleet.ts';
import { OwnDaemon } from './daemon.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { FleetRun } from './fleet-run.ts';
import type { Limits } from './limits.ts';
import { type DockerReport, type RunReport, runReport, type Spread, spreadOf } from './report.ts';

export interface DockerCampaignOptions {
  /** Of each run. */
  readonly injections: number;
  readonly fleet: number;
  readonly seed: number;
  readonly limits: readonly Limits[];
  /** [every kind] */
  readonly kinds?: readonly FaultKind[];
  readonly say: (line: string) => void;
}

const baselineStarts = 10;

/** Faults of containers on an engine of the campaign's own, judged by what that engine and the agents themselves say. */
export class DockerCampaign {
  readonly #o: DockerCampaignOptions;
  readonly #daemon = new OwnDaemon();
  #run: FleetRun | undefined;
  #closed: Promise<void> | undefined;

  constructor(options: DockerCampaignOptions) {
    this.#o = options;
  }

  async run(): Promise<DockerReport> {
    const { injections, fleet, seed, say, kinds = faultKinds } = this.#o;
    const startedAt = Date.now();
    const runs: RunReport[] = [];
    try {
      await this.#daemon.open();
      const baselineStartMs = await this.#baseline();
      for (const limits of this.#o.limits) {
        this.#run = new FleetRun(this.#daemon, { limits, injections, fleet, seed, kinds, say });
        runs.push(runReport(limits, await this.#run.run()));
      }
      return { campaign: 'docker', seed, fleet, baselineStartMs, runs, durationMs: Date.now() - startedAt };
    } finally {
      await this.close();
    }
  }

  /** Removes the fleet and the engine; what it is in the middle of fails. */
  close(): Promise<void> {
    this.#closed ??= this.#close();
    return this.#closed;
  }

  async #close(): Promise<void> {
    try {
      await this.#run?.close();
    } finally {
      await this.#daemon.close();
    }
  }

  /** How long the engine itself takes to start a container that was killed. */
  async #baseline(): Promise<Spread> {
    const { engine } = this.#daemon;
    const fleet = new ContainerFleet(engine);
    const took: number[] = [];
    try {
      await fleet.open();
      await fleet.start('alone.1');
      for (let at = 0; at < baselineStarts; at += 1) {
        await fleet.signal('alone.1', 'SIGKILL');
        await until('it has ended', async () => !(await fleet.inspect('alone.1')).State.Running);
        const asked = performance.now();
        await engine.ask('POST', `/containers/${fleet.nameOf('alone.1')}/start`);
        took.push(performance.now() - asked);
      }
    } finally {
      await fleet.remove();
    }
    return spreadOf(took);
  }
}
