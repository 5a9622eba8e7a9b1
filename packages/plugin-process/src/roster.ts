import type { AgentId, GroupId } from '@praetorian-guard/core/plugin';
import { type AgentSpec, type ProcessConfig, replicaSpec, singleSpecs } from './process-config.ts';
import type { RecordBook } from './records.ts';

/** Which agents are to run now: those named one by one, and as many replicas of each group as are wanted. */
export class Roster {
  readonly #config: ProcessConfig;
  readonly #specs = new Map<AgentId, AgentSpec>();

  constructor(config: ProcessConfig) {
    this.#config = config;
    for (const spec of singleSpecs(config)) this.#specs.set(spec.agentId, spec);
  }

  /** Adds the replicas: as many as the group was last scaled to. */
  async load(records: RecordBook): Promise<void> {
    for (const [group, { replicas }] of Object.entries(this.#config.groups)) {
      const count = await records.replicas(group, replicas);
      for (let index = 1; index <= count; index += 1) this.add(group, index);
    }
  }

  spec(agentId: AgentId): AgentSpec | undefined {
    return this.#specs.get(agentId);
  }

  specs(): readonly AgentSpec[] {
    return [...this.#specs.values()];
  }

  /** Replicas of a group, in order; `undefined` when the config has no such group. */
  replicas(group: GroupId): readonly AgentId[] | undefined {
    if (!this.#config.groups[group]) return undefined;
    const ids: AgentId[] = [];
    for (let index = 1; this.#specs.has(`${group}.${index}`); index += 1) ids.push(`${group}.${index}`);
    return ids;
  }

  configured(group: GroupId): number {
    return this.#config.groups[group]?.replicas ?? 0;
  }

  add(group: GroupId, index: number): AgentSpec | undefined {
    const spec = replicaSpec(this.#config, group, index);
    if (spec) this.#specs.set(spec.agentId, spec);
    return spec;
  }

  remove(agentId: AgentId): void {
    this.#specs.delete(agentId);
  }
}
