/** Rules between several values, which a schema cannot say. */
import { isIP } from 'node:net';
import { formatDuration, secretNames } from '../model/index.ts';
import type { PathPart } from '../runtime/json-schema.ts';
import { type ConfigDocument, type PartialSections, sectionNames, type Sections } from './document.ts';
import { mergeSections } from './policy.ts';
import type { Found } from './problem.ts';
import { budgetChecks, budgetRules } from './budget-checks.ts';
import { maintenanceChecks } from './maintenance-checks.ts';
import { recurrenceRules } from './recurrence-checks.ts';
import { ruleChecks } from './rule-checks.ts';

/** `path` is below the level. */
interface Rule {
  readonly path: readonly string[];
  readonly holds: (sections: Sections) => boolean;
  readonly found: (sections: Sections) => string;
  readonly allowed: (sections: Sections) => string;
  readonly remedy: string;
}

const probeNames = ['liveness', 'readiness', 'performance'] as const;
const askedNames = ['health', ...probeNames] as const;
const rungNames = ['restart', 'recreate', 'respawn'] as const;

const rules: readonly Rule[] = [
  durationRule(
    ['heartbeat', 'timeout'],
    'above',
    ['heartbeat', 'every'],
    'else every agent is suspected between two heartbeats',
  ),
  durationRule(
    ['heartbeat', 'silentFor'],
    'above',
    ['heartbeat', 'timeout'],
    'else an agent is restarted before it is suspected',
  ),
  ...probeNames.map((name) =>
    durationRule(['probes', name, 'timeout'], 'below', ['probes', name, 'every'], 'else probes of one agent overlap'),
  ),
  ...askedNames.map((name): Rule => ({
    path: ['probes', name, 'command'],
    holds: ({ probes }) => probes[name].type !== 'command' || probes[name].command !== undefined,
    found: () => 'nothing',
    allowed: () => 'program and arguments, as a list',
    remedy: `probes.${name}.type is command`,
  })),
  durationRule(
    ['prediction', 'margin'],
    'below',
    ['prediction', 'within'],
    'else there is no time to wait for a quiet moment',
  ),
  {
    path: ['trends', 'confidence'],
    holds: ({ trends }) => trends.confidence >= 0.5 && trends.confidence <= 0.9999,
    found: ({ trends }) => `${trends.confidence * 100}%`,
    allowed: () => '50% to 99.99%',
    remedy: 'nothing is ever quite sure',
  },
  durationRule(['slo', 'latencyP95'], 'at most', ['slo', 'latencyP99'], 'a higher percentile is never smaller'),
  ...recurrenceRules,
  {
    path: ['errors', 'novelMin'],
    holds: ({ errors }) => errors.novelMin <= errors.min,
    found: ({ errors }) => String(errors.novelMin),
    allowed: ({ errors }) => `at most ${errors.min} (errors.min)`,
    remedy: 'new errors are noticed sooner than known ones, never later',
  },
  ...rungNames.map((name) =>
    durationRule(
      ['ladder', name, 'grace'],
      'below',
      ['ladder', name, 'timeout'],
      'else the rung fails before the instance may have ended',
    ),
  ),
  durationRule(
    ['gate', 'backoff', 'base'],
    'at most',
    ['gate', 'backoff', 'cap'],
    'the pause grows from the one to the other',
  ),
  durationRule(
    ['gate', 'breaker', 'coolDown'],
    'at most',
    ['gate', 'breaker', 'coolDownCap'],
    'the pause grows from the one to the other',
  ),
  ...budgetRules,
  durationRule(['watch', 'every'], 'at most', ['watch', 'for'], 'else the watch ends without a check'),
  durationRule(
    ['checkpoints', 'every'],
    'at most',
    ['checkpoints', 'maxAge'],
    'else there is never a checkpoint that is young enough',
  ),
  {
    path: ['ladder', 'respawn', 'configOverride', 'env'],
    holds: (sections) => secretsIn(sections).length === 0,
    found: (sections) => secretsIn(sections).join(', '),
    allowed: () => 'names that are no secrets',
    remedy: "overrides are stored and shown; give secrets to the agent's own environment",
  },
];

function secretsIn({ ladder }: Sections): readonly string[] {
  const { env } = ladder.respawn.configOverride ?? {};
  return secretNames(env ? { env } : {});
}

type Relation = 'above' | 'below' | 'at most';

const holds: { readonly [R in Relation]: (a: number, b: number) => boolean } = {
  above: (a, b) => a > b,
  below: (a, b) => a < b,
  'at most': (a, b) => a <= b,
};

function durationRule(path: readonly string[], relation: Relation, other: readonly string[], remedy: string): Rule {
  return {
    path,
    holds: (sections) => holds[relation](at(sections, path), at(sections, other)),
    found: (sections) => formatDuration(at(sections, path)),
    allowed: (sections) => `${relation} ${other.slice(1).join('.')} (${formatDuration(at(sections, other))})`,
    remedy,
  };
}

function at(sections: Sections, path: readonly string[]): number {
  return path.reduce<unknown>((value, part) => (value as { [key: string]: unknown })[part], sections) as number;
}

/** All mistakes of a document that its schema accepts. */
export function crossChecks(document: ConfigDocument): Found[] {
  return [
    ...sectionChecks(document),
    ...instanceChecks(document),
    ...agentChecks(document),
    ...networkChecks(document),
    ...budgetChecks(document),
    ...maintenanceChecks(document),
    ...ruleChecks(document),
  ];
}

/** A level is checked if it says something about the section; what the level above does wrong is told there. */
function sectionChecks(document: ConfigDocument): Found[] {
  const top = levelChecks(mergeSections(document, []), [], sectionNames);
  const broken = new Set(top.map((found) => found.path.join('.')));
  const below = (prefix: readonly PathPart[], level: PartialSections, parents: readonly PartialSections[]): Found[] => {
    const own = sectionNames.filter((name) => level[name] !== undefined);
    const found = levelChecks(mergeSections(document, [...parents, level]), prefix, own);
    return found.filter((item) => !broken.has(item.path.slice(prefix.length).join('.')));
  };
  const groups = Object.entries(document.groups).flatMap(([name, group]) => below(['groups', name], group, []));
  const agents = Object.entries(document.agents).flatMap(([id, agent]) => {
    const group = agent.group === undefined ? undefined : document.groups[agent.group];
    return below(['agents', id], agent, group ? [group] : []);
  });
  return [...top, ...groups, ...agents];
}

function levelChecks(sections: Sections, prefix: readonly PathPart[], names: readonly string[]): Found[] {
  return rules
    .filter((rule) => names.includes(rule.path[0] as string) && !rule.holds(sections))
    .map((rule) => ({
      path: [...prefix, ...rule.path],
      found: rule.found(sections),
      allowed: rule.allowed(sections),
      remedy: rule.remedy,
    }));
}

/** Names that the file itself gives away. */
const reserved: { readonly [instance: string]: string } = {
  store: 'the top key `store`',
  http: 'the top key `http`',
  core: 'the engine',
};

function instanceChecks(document: ConfigDocument): Found[] {
  return Object.keys(document.plugins)
    .filter((name) => Object.hasOwn(reserved, name))
    .map((name) => ({
      path: ['plugins', name],
      found: `the name ${name}`,
      allowed: 'any other name',
      remedy: `the name belongs to ${reserved[name] ?? ''}`,
    }));
}

function agentChecks({ agents }: ConfigDocument): Found[] {
  const homeless = Object.entries(agents)
    .filter(([, agent]) => agent.endpoint !== undefined && agent.group === undefined)
    .map(([id]) => ({
      path: ['agents', id, 'group'],
      found: 'nothing',
      allowed: 'the name of a group',
      remedy: 'an agent with an endpoint is watched from this file and needs one',
    }));
  const circles = circlesOf(agents).map((circle) => ({
    path: ['agents', circle[0] as string, 'dependsOn'],
    found: [...circle, circle[0]].join(' → '),
    allowed: 'no circle',
    remedy: 'agents that wait for each other are never healed',
  }));
  return [...homeless, ...circles];
}

/** Circles of dependencies, each once: a walk in depth that meets an agent on its own trail. Every agent is left once. */
function circlesOf(agents: ConfigDocument['agents']): string[][] {
  const circles: string[][] = [];
  const left = new Set<string>();
  for (const start of Object.keys(agents)) {
    const trail: { readonly id: string; readonly next: Iterator<string> }[] = [];
    const onTrail = new Map<string, number>();
    const enter = (id: string): void => {
      onTrail.set(id, trail.length);
      trail.push({ id, next: dependencies(agents, id) });
    };
    if (!left.has(start)) enter(start);
    for (let at = trail.at(-1); at; at = trail.at(-1)) {
      const { value: next, done } = at.next.next();
      if (done === true) {
        left.add(at.id);
        onTrail.delete(at.id);
        trail.pop();
        continue;
      }
      const met = onTrail.get(next);
      if (met !== undefined) circles.push(trail.slice(met).map(({ id }) => id));
      else if (!left.has(next)) enter(next);
    }
  }
  return circles;
}

function dependencies(agents: ConfigDocument['agents'], id: string): Iterator<string> {
  return (Object.hasOwn(agents, id) ? (agents[id]?.dependsOn ?? []) : []).values();
}

function networkChecks(document: ConfigDocument): Found[] {
  return document.probes.allowedNetworks.flatMap((network, index) =>
    isNetwork(network)
      ? []
      : [
          {
            path: ['probes', 'allowedNetworks', index],
            found: JSON.stringify(network),
            allowed: 'a network such as 10.0.0.0/8 or fd00::/8',
            remedy: 'write a single address with /32 or /128',
          },
        ],
  );
}

function isNetwork(text: string): boolean {
  const match = /^([0-9a-fA-F.:]+)\/(\d{1,3})$/.exec(text);
  const family = isIP(match?.[1] ?? '');
  return family !== 0 && Number(match?.[2]) <= (family === 4 ? 32 : 128);
}
