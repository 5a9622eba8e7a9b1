import { guardError, isGuardError, messageOf } from '../contracts/errors.ts';
import type { Kind, Kinds, PluginContext } from '../contracts/plugin.ts';
import { nearest } from '../runtime/nearest.ts';

/** Makes a contribution. */
export type Factory<K extends Kind> = (context: PluginContext) => Kinds[K];

/** Who offers a contribution: a plugin instance, or the engine itself. */
export interface Origin {
  readonly instance: string;
}

/** The engine, as the origin of what is built in. */
export const builtIn: Origin = { instance: 'core' };

/** What the engine gets instead of a contribution, as when its calls are recorded. */
export type Tap = <K extends Kind>(kind: K, name: string, made: Kinds[K]) => Kinds[K];

/** Gives a contribution what it may use; made anew for each, so that logs and metrics carry its name. */
export type ContextFor = (instance: string, kind: Kind, name: string) => PluginContext;

/** What was made so far, in this order; the order to start it in. */
export interface Created {
  readonly kind: Kind;
  readonly name: string;
  readonly origin: Origin;
  readonly contribution: Kinds[Kind];
}

interface Entry {
  readonly kind: Kind;
  /** The name people use: the short one where there is one. */
  readonly name: string;
  readonly origin: Origin;
  readonly make: (context: PluginContext) => Kinds[Kind];
  made?: Kinds[Kind];
}

/** A plugin instance and its offer. */
export interface Offer {
  readonly instance: string;
  readonly manifest: {
    readonly contributes: {
      readonly [K in Kind]?: { readonly [name: string]: (context: PluginContext<never>) => Kinds[K] };
    };
  };
}

/**
 * Every contribution of one guard by kind and name. A contribution is made at its first use and once. Built-ins have
 * bare names; a plugin's are `<instance>/<name>`, and `<instance>` alone if it offers exactly one of the kind.
 */
export class Registry {
  readonly #contextFor: ContextFor;
  readonly #tap: Tap | undefined;
  readonly #entries = new Map<Kind, Map<string, Entry>>();
  readonly #created: Created[] = [];

  constructor(contextFor: ContextFor, tap?: Tap) {
    this.#contextFor = contextFor;
    this.#tap = tap;
  }

  /** Offers one contribution; `GUARD_PLUGIN_DUPLICATE` if its name is taken. */
  register<K extends Kind>(kind: K, name: string, factory: Factory<K>, origin: Origin): void {
    this.#add({ kind, name, origin, make: factory }, [name]);
  }

  /** Offers everything a plugin instance contributes. */
  registerPlugin({ instance, manifest }: Offer): void {
    for (const [kind, offered] of Object.entries(manifest.contributes) as [Kind, { [name: string]: Factory<Kind> }][]) {
      const names = Object.keys(offered);
      for (const [name, make] of Object.entries(offered)) {
        const full = `${instance}/${name}`;
        const short = names.length === 1;
        this.#add(
          { kind, name: short ? instance : full, origin: { instance }, make },
          short ? [instance, full] : [full],
        );
      }
    }
  }

  /** The contribution of that name, made now if it was not yet. `GUARD_PLUGIN_UNKNOWN` names what there is. */
  get<K extends Kind>(kind: K, name: string): Kinds[K] {
    const entry = this.#entries.get(kind)?.get(name);
    if (!entry) throw this.#unknown(kind, name);
    entry.made ??= this.#make(entry);
    return entry.made as Kinds[K];
  }

  /** As `get`; `undefined` when there is none of that name. */
  find<K extends Kind>(kind: K, name: string): Kinds[K] | undefined {
    return this.has(kind, name) ? this.get(kind, name) : undefined;
  }

  has(kind: Kind, name: string): boolean {
    return this.#entries.get(kind)?.has(name) ?? false;
  }

  /** Names of the kind, sorted; the short one of each. */
  names(kind: Kind): readonly string[] {
    const entries = this.#entries.get(kind)?.values() ?? [];
    return [...new Set([...entries].map(({ name }) => name))].sort();
  }

  /** The other names of the same contribution: `<instance>/<name>` beside `<instance>`. */
  aliases(kind: Kind, name: string): readonly string[] {
    const entries = this.#entries.get(kind);
    const entry = entries?.get(name);
    return [...(entries ?? [])].flatMap(([other, one]) => (one === entry && other !== name ? [other] : []));
  }

  /** Who offers it. */
  origin(kind: Kind, name: string): Origin | undefined {
    return this.#entries.get(kind)?.get(name)?.origin;
  }

  /** What was made so far, in order. */
  created(): readonly Created[] {
    return this.#created;
  }

  #add(entry: Entry, names: readonly string[]): void {
    const ofKind = this.#entries.get(entry.kind) ?? new Map<string, Entry>();
    this.#entries.set(entry.kind, ofKind);
    for (const name of names) {
      const other = ofKind.get(name);
      if (other) {
        throw guardError('GUARD_PLUGIN_DUPLICATE', {
          kind: entry.kind,
          name,
          first: other.origin.instance,
          second: entry.origin.instance,
        });
      }
    }
    for (const name of names) ofKind.set(name, entry);
  }

  #make({ kind, name, origin, make }: Entry): Kinds[Kind] {
    const plugin = origin.instance;
    const where = `${kind} ${name}`;
    let contribution: unknown;
    try {
      contribution = make(this.#contextFor(plugin, kind, name));
    } catch (cause) {
      // A plugin may say in our own words what is wrong with its config.
      if (isGuardError(cause)) throw cause;
      throw guardError('GUARD_PLUGIN_FAILED', { plugin, where, why: messageOf(cause) }, { cause });
    }
    if (typeof contribution !== 'object' || contribution === null || 'then' in contribution) {
      throw guardError('GUARD_PLUGIN_FAILED', {
        plugin,
        where,
        why: `it returned ${contribution === null ? 'null' : typeof contribution === 'object' ? 'a promise' : typeof contribution} instead of the contribution; open connections in start()`,
      });
    }
    const whole = contribution as Kinds[Kind];
    const tapped = this.#tap?.(kind, name, whole) ?? whole;
    this.#created.push({ kind, name, origin, contribution: tapped });
    return tapped;
  }

  #unknown(kind: Kind, name: string): Error {
    const names = this.names(kind);
    const meant = nearest(name, names);
    const known = names.length === 0 ? 'none' : names.join(', ');
    return guardError('GUARD_PLUGIN_UNKNOWN', {
      kind,
      name,
      known: meant === undefined ? known : `${known} (did you mean "${meant}"?)`,
    });
  }
}
