import { startsByHand } from './baseline.ts';
import { OwnDaemon } from './daemon.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { FleetRun } from './fleet-run.ts';
import type { Limits } from './limits.ts';
import { type DockerReport, type RunReport, runReport } from './report.ts';

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
      const baselineStartMs = await startsByHand(this.#daemon.engine);
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
}
