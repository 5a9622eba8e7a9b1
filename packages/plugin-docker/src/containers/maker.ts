import {
  type AgentId,
  type ConfigOverride,
  type EpochMs,
  guardError,
  type Ms,
  type Clock,
} from '@praetorian-guard/core/plugin';
import type { ContainerFacts, Engine } from '../engine/engine.ts';
import type { Book } from './book.ts';
import { own } from './naming.ts';
import type { Inspected } from './recipe-facts.ts';
import { volumeSources } from './recipe-volumes.ts';
import { type Recipe, recipeOf } from './recipe.ts';

export interface MakerParts {
  readonly engine: Engine;
  readonly clock: Clock;
  readonly book: Book;
  readonly idPrefix: string;
}

/** A container to be made after another. */
export interface Wanted {
  readonly agentId: AgentId;
  readonly group: string;
  readonly name: string;
  readonly generation: number;
  readonly key: string;
  readonly labels?: { readonly [name: string]: string };
  readonly override?: ConfigOverride;
  /** It takes nobody's place, and gets volumes of its own. */
  readonly copy?: boolean;
  /** It may wait for a state to be pushed. */
  readonly restore: boolean;
}

/** A state that is to be restored is pushed within this after the container was made, or not at all. */
const restoreMs: Ms = 30_000;
/** A container that ends within this was never well. */
const provenMs: Ms = 300;

/** Makes containers after the likeness of others, and starts them. */
export class Maker {
  readonly #parts: MakerParts;

  constructor(parts: MakerParts) {
    this.#parts = parts;
  }

  /** Creates it and joins its networks; it does not run yet. A failure leaves nothing behind. */
  async create(like: ContainerFacts, wanted: Wanted): Promise<string> {
    const { engine } = this.#parts;
    const recipe = await this.#recipe(like, wanted);
    const id = await engine.create(recipe.name, recipe.create);
    try {
      for (const network of recipe.disconnect) await engine.detach(network, id);
      for (const { network, endpoint } of recipe.connect) await engine.attach(network, id, endpoint);
    } catch (error) {
      await engine.remove(id, { withVolumes: true });
      throw error;
    }
    return id;
  }

  /** Starts it and waits a moment, for one that ends at once was started in vain. */
  async start(agentId: AgentId, id: string): Promise<ContainerFacts> {
    const { engine, clock } = this.#parts;
    await engine.start(id);
    await clock.sleep(provenMs);
    const facts = await engine.container(id);
    if (facts?.State.Running === true && !facts.State.Restarting && facts.RestartCount === 0) return facts;
    const why = facts ? howItEnded(facts) : 'it is gone again';
    throw guardError('GUARD_ORCHESTRATOR_FAILED', { orchestrator: 'docker', verb: 'start', agentId, why });
  }

  async #recipe(like: ContainerFacts, wanted: Wanted): Promise<Recipe> {
    const { engine, idPrefix } = this.#parts;
    const { agentId, group, name, generation, key, override, copy = false } = wanted;
    const named = await engine.image(like.Config.Image);
    const old = override?.image === undefined ? undefined : await engine.image(like.Image);
    const instance = `${agentId}~${generation}`;
    const labels = {
      ...wanted.labels,
      [own.agent]: agentId.startsWith(idPrefix) ? agentId.slice(idPrefix.length) : agentId,
      [own.group]: group,
      [own.instance]: instance,
      [own.generation]: `${generation}`,
      [own.key]: key,
    };
    return recipeOf(this.#whole(like), {
      name,
      copy,
      imageUnmoved: named?.Id === like.Image,
      gone: await this.#gone(volumeSources(like)),
      labels,
      env: speaksToGuard(like)
        ? protocolEnv(agentId, group, instance, { ...wanted, now: this.#parts.clock.now() })
        : {},
      ...(override ? { override } : {}),
      ...(old ? { oldImageConfig: old.Config } : {}),
    });
  }

  async #gone(containers: readonly string[]): Promise<readonly string[]> {
    const found = await Promise.all(containers.map((one) => this.#parts.engine.container(one)));
    return containers.filter((_, at) => found[at] === undefined);
  }

  /** An isolated container has left its networks; what takes its place is to be in them again. */
  #whole(facts: ContainerFacts): Inspected {
    const networks = this.#parts.book.isolatedFrom(facts.Id);
    if (!networks) return facts;
    return { ...facts, NetworkSettings: { ...facts.NetworkSettings, Networks: networks } };
  }
}

function howItEnded({ State, RestartCount }: ContainerFacts): string {
  // The engine shows the present life, not the one that ended.
  if (RestartCount > 0) return 'it ended at once, and its restart policy goes on trying';
  return `it ended at once with code ${State.ExitCode}${State.Error === '' ? '' : `: ${State.Error}`}`;
}

/** Whether the container was told of a guard, and so understands what else a guard tells. */
function speaksToGuard(facts: ContainerFacts): boolean {
  // Without any the engine says null.
  const env = (facts.Config.Env as readonly string[] | null) ?? [];
  return env.some((line) => line.startsWith('PRAETORIAN_URL=') || line.startsWith('PRAETORIAN_AGENT_ID='));
}

function protocolEnv(
  agentId: AgentId,
  group: string,
  instance: string,
  { generation, restore, now }: Wanted & { readonly now: EpochMs },
): { readonly [name: string]: string } {
  return {
    PRAETORIAN_AGENT_ID: agentId,
    PRAETORIAN_GROUP: group,
    PRAETORIAN_INSTANCE: instance,
    PRAETORIAN_GENERATION: `${generation}`,
    PRAETORIAN_RESTORE: restore ? '1' : '0',
    // The container keeps it for all its life, and is not pushed a state each time it is started again.
    PRAETORIAN_RESTORE_UNTIL: `${restore ? now + restoreMs : 0}`,
  };
}
