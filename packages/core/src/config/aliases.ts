/**
 * Other spellings that the file may use, as the first description of the system wrote them. They are moved to the one
 * spelling before validation; giving both is a mistake.
 */
import type { JsonObject } from '../model/index.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import type { Found } from './problem.ts';

interface Alias {
  /** Where it stands below a level that holds sections; `[]` = directly on it. */
  readonly at: readonly string[];
  readonly from: string;
  readonly to: string;
}

/** In this order: an outer one is moved before what is inside it. */
const aliases: readonly Alias[] = [
  { at: [], from: 'slo_targets', to: 'slo' },
  { at: ['slo'], from: 'latency_p95', to: 'latencyP95' },
  { at: ['slo'], from: 'latency_p99', to: 'latencyP99' },
  { at: ['slo'], from: 'error_rate', to: 'errorRate' },
  { at: ['slo'], from: 'success_rate', to: 'successRate' },
  { at: ['ladder', 'recreate'], from: 'restore_state', to: 'restoreState' },
  { at: ['ladder', 'respawn'], from: 'restore_state', to: 'restoreState' },
  { at: ['ladder', 'respawn'], from: 'config_override', to: 'configOverride' },
  { at: ['ladder', 'respawn', 'configOverride'], from: 'memory_limit', to: 'memoryLimit' },
  { at: ['ladder', 'respawn', 'configOverride'], from: 'cpu_limit', to: 'cpuLimit' },
];

/** A mutable object of the copied config. */
type Node = { [key: string]: unknown };

/** A move that was made, so that a problem can be shown where it was written. */
export interface Move {
  readonly to: readonly PathPart[];
  readonly from: readonly PathPart[];
}

/** Moves aliases of the top, of every group and of every agent to their one spelling, in place. */
export function resolveAliases(root: Node, problems: Found[]): Move[] {
  const moves: Move[] = [];
  for (const level of levels(root)) {
    for (const alias of aliases) {
      const holder = descend(level.node, alias.at);
      if (holder && Object.hasOwn(holder, alias.from))
        moveOne(holder, alias, [...level.path, ...alias.at], { moves, problems });
    }
  }
  return moves;
}

function moveOne(
  holder: Node,
  alias: Alias,
  path: readonly PathPart[],
  out: { moves: Move[]; problems: Found[] },
): void {
  const written = writtenPath([...path, alias.from], out.moves);
  if (Object.hasOwn(holder, alias.to)) {
    out.problems.push({
      path: written,
      found: `both ${alias.from} and ${alias.to}`,
      allowed: 'one of the two',
      remedy: `they mean the same: keep ${alias.to}`,
    });
  } else {
    holder[alias.to] = holder[alias.from];
    out.moves.push({ to: [...path, alias.to], from: written });
  }
  delete holder[alias.from];
}

/** The path as it was written, for a path of the one spelling. */
export function writtenPath(path: readonly PathPart[], moves: readonly Move[]): readonly PathPart[] {
  // The last move lies deepest and its `from` is a written path already.
  const move = moves.findLast(({ to }) => to.length <= path.length && to.every((part, index) => part === path[index]));
  return move ? [...move.from, ...path.slice(move.to.length)] : path;
}

function levels(root: Node): { readonly path: readonly PathPart[]; readonly node: Node }[] {
  const below = ['groups', 'agents'].flatMap((name) =>
    Object.entries(asNode(root[name]) ?? {}).flatMap(([key, value]) => {
      const node = asNode(value);
      return node ? [{ path: [name, key], node }] : [];
    }),
  );
  return [{ path: [], node: root }, ...below];
}

function descend(node: Node, path: readonly string[]): Node | undefined {
  return path.reduce<Node | undefined>((at, part) => asNode(at?.[part]), node);
}

const asNode = (value: unknown): Node | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Node) : undefined;

/** The schema's properties with the aliases beside their one spelling, for editors. */
export function editorAliases(properties: { readonly [name: string]: JsonObject }): {
  readonly [name: string]: JsonObject;
} {
  const withLevels: Record<string, JsonObject> = { ...addAll(properties) };
  for (const name of ['groups', 'agents']) {
    const holder = withLevels[name] as {
      additionalProperties: { properties: { [key: string]: JsonObject } };
    } & JsonObject;
    const each = holder.additionalProperties;
    withLevels[name] = { ...holder, additionalProperties: { ...each, properties: addAll(each.properties) } };
  }
  return withLevels;
}

type Properties = { readonly [name: string]: JsonObject };

function addAll(properties: Properties): Properties {
  return aliases.toReversed().reduce((held, alias) => addAt(held, alias.at, alias), properties);
}

function addAt(properties: Properties, at: readonly string[], alias: Alias): Properties {
  const [first, ...rest] = at;
  if (first === undefined) {
    const target = properties[alias.to] as { readonly description: string } & JsonObject;
    const { default: _preset, ...bare } = target;
    return {
      ...properties,
      [alias.from]: { ...bare, description: `The same as ${alias.to}. ${target.description}` },
    };
  }
  const child = properties[first] as { properties: Properties } & JsonObject;
  return { ...properties, [first]: { ...child, properties: addAt(child.properties, rest, alias) } };
}
