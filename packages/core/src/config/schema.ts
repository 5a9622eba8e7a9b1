/**
 * The config schema: sections here, plugin configs from the plugins themselves. Defaults stand in the schema and
 * nowhere else.
 */
import type { JsonObject } from '../model/index.ts';
import { prepare } from '../runtime/json-schema.ts';
import { editorAliases } from './aliases.ts';
import { approvals, keyFile } from './schema-approvals.ts';
import { choice, contributionName, duration, idName, instanceName, section, withoutDefaults } from './schema-parts.ts';
import { checkpoints, gate, ladder, watch } from './schema-remedies.ts';
import { maintenance } from './schema-maintenance.ts';
import { withGlobalBudget } from './schema-budgets.ts';
import { selfDoubt } from './schema-doubt.ts';
import { recording } from './schema-recording.ts';
import { learning } from './schema-judgement.ts';
import { errors } from './schema-errors.ts';
import { failover } from './schema-failover.ts';
import { prediction, trends } from './schema-trends.ts';
import { flapping, recurrence } from './schema-recurrence.ts';
import { allowedNetworks, heartbeat, probes, severity, slo } from './schema-signals.ts';

const sections: { readonly [name: string]: JsonObject } = {
  heartbeat,
  probes,
  slo,
  errors,
  trends,
  prediction,
  severity,
  ladder,
  gate,
  failover,
  approvals,
  watch,
  checkpoints,
  learning,
  flapping,
  recurrence,
};

type Properties = { readonly [name: string]: JsonObject };

const overrides = Object.fromEntries(
  Object.entries(sections).map(([name, schema]) => [name, withoutDefaults(schema)] as const),
);

const modes = ['observe', 'dry-run', 'approve', 'auto'];
const modeText =
  'How far the guard may go by itself. observe: it watches and tells; dry-run: it records what it would do; approve: a person agrees to every plan; auto: it acts, and asks only when severity or flags demand it.';

const group = (overrides: Properties): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties: {
    mode: choice(modes, 'auto', modeText),
    orchestrator: {
      ...contributionName,
      description: 'Who runs the group; for the reader, the orchestrators themselves say what they run.',
    },
    assessor: {
      ...contributionName,
      default: 'threat',
      description: 'Assessor that turns suspicions into a severity.',
    },
    strategy: { ...contributionName, default: 'ladder', description: 'Strategy that turns a severity into a plan.' },
    detectors: {
      type: 'array',
      items: contributionName,
      minItems: 1,
      maxItems: 64,
      uniqueItems: true,
      default: ['heartbeat', 'probe', 'lifecycle', 'slo', 'errors', 'progress', 'trend'],
      description: 'Detectors that watch the group. Add one and more is noticed; the list replaces the default one.',
    },
    ...overrides,
  },
  description: 'A group of agents that do the same job, and what holds for it alone.',
});

const agent = (overrides: Properties): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties: {
    group: { ...idName, description: 'Group of the agent; needed when the agent is known from this file alone.' },
    mode: choice(modes, undefined, `${modeText} The stricter one of agent, label and group holds.`),
    endpoint: {
      type: 'string',
      format: 'uri',
      pattern: '^https?://',
      maxLength: 2_000,
      'x-allowed': 'an http:// or https:// address',
      description: "Base address of the agent's own HTTP side.",
    },
    labels: {
      type: 'object',
      additionalProperties: { type: 'string', maxLength: 2_000 },
      maxProperties: 200,
      default: {},
      description: 'Labels, keys without the prefix an orchestrator would need.',
    },
    role: choice(['primary', 'replica'], undefined, 'Role in a failover pair.'),
    dependsOn: {
      type: 'array',
      items: idName,
      uniqueItems: true,
      maxItems: 1_000,
      default: [],
      description:
        'Agents it cannot work without: while one of them has failed, this one is neither healed nor paged for.',
    },
    criticality: {
      type: 'integer',
      enum: [0, 1, 2],
      description:
        'How much its loss hurts: 0 ordinary, 1 important, 2 vital; added to severity. Raise it and it gets stronger remedies; lower it and it gets gentler ones.',
    },
    ...overrides,
  },
  description: 'An agent that is watched from this file, or what holds for one that is known from elsewhere.',
});

const use: JsonObject = {
  type: 'string',
  minLength: 1,
  maxLength: 500,
  description: 'Package name, or a path beginning with . or /, relative to this file.',
};

const plugin = (more: JsonObject = {}): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  required: ['use'],
  properties: { use, config: { type: 'object', default: {}, description: "The plugin's own config; see its schema." } },
  description: 'A plugin instance: what to load and its config.',
  ...more,
});

const notifications = section('Who is told of what.', {
  routes: {
    type: 'array',
    items: {
      type: 'object',
      additionalProperties: false,
      required: ['to'],
      properties: {
        to: { ...contributionName, description: 'Notifier: log, or <plugin instance>/<name>.' },
        from: choice(
          ['info', 'warning', 'error', 'critical'],
          'info',
          'Least priority it gets. Raise it and it gets fewer messages; lower it and it gets more.',
        ),
        tier: {
          type: 'integer',
          enum: [1, 2],
          default: 1,
          description: 'A route of tier 2 is called only when tier 1 did not answer within approvals.secondTierAfter.',
        },
      },
    },
    minItems: 1,
    maxItems: 100,
    default: [{ to: 'log', from: 'info' }],
    description: 'Where messages go; the list replaces the default one.',
  },
  retryFor: duration(
    '1h',
    'A message that no channel accepts is tried again for this long. Raise it and long outages of a channel are survived; lower it and the failure is reported sooner.',
    { max: '7d' },
  ),
});

const whole = (levels: Properties): JsonObject => ({
  type: 'object',
  additionalProperties: false,
  properties: {
    version: { type: 'integer', const: 1, default: 1, description: 'Version of this format.' },
    name: {
      type: 'string',
      minLength: 1,
      maxLength: 100,
      default: 'praetorian',
      description: 'Name of this guard in logs and messages.',
    },
    plugins: {
      type: 'object',
      propertyNames: instanceName,
      additionalProperties: plugin(),
      maxProperties: 200,
      default: {},
      description: 'Plugin instances by name; one plugin may be used several times.',
    },
    store: plugin({
      default: { use: 'memory' },
      description: 'Where the guard keeps its memory: memory forgets at a restart, a package keeps it.',
    }),
    http: {
      type: 'object',
      description: 'Config of the HTTP surface; the plugin instance `http`. Left out, nothing is served.',
    },
    controlPlane: {
      ...contributionName,
      default: 'fleet',
      description: 'Control plane that registers agents and serves routes; fleet is the built-in one.',
    },
    tick: duration(
      '200ms',
      'Pause between two ticks of the engine. Raise it and the guard needs less of the processor; lower it and it reacts sooner.',
      { min: '10ms', max: '10s' },
    ),
    ...sections,
    gate: withGlobalBudget(gate),
    probes: { ...probes, properties: { ...(probes['properties'] as JsonObject), allowedNetworks } },
    approvals: { ...approvals, properties: { ...(approvals['properties'] as JsonObject), keyFile } },
    groups: {
      type: 'object',
      propertyNames: idName,
      additionalProperties: group(levels),
      default: {},
      description: 'What holds for single groups. Groups not named here have the defaults.',
    },
    agents: {
      type: 'object',
      propertyNames: idName,
      additionalProperties: agent(levels),
      default: {},
      description: 'Agents watched from this file, and what holds for single agents.',
    },
    notifications,
    maintenance,
    selfDoubt,
    recording,
  },
  description: 'Config of Praetorian Guard.',
});

/** The whole file, with the configs of plugins as plain objects: each is checked by its plugin's own schema. */
export const coreSchema: JsonObject = whole(overrides);

/** The same for the validator: what groups and agents may override is compiled once, not at each of them. */
export const checkedSchema: JsonObject = {
  ...whole(Object.fromEntries(Object.keys(sections).map((name) => [name, { $ref: `#/$defs/${name}` }]))),
  $defs: overrides,
};

/** What a plugin brings to the schema. */
export interface PluginSchema {
  readonly name: string;
  readonly configSchema: JsonObject;
}

/**
 * The schema of a whole file for editors and `praetorian schema`: plain JSON Schema 2020-12, in which a plugin's config
 * is checked by the package it uses and units are patterns. Validation itself does not use it.
 */
export function composedSchema(plugins: readonly PluginSchema[]): JsonObject {
  const known = [...new Map(plugins.map((item) => [item.name, item])).values()];
  const defs = Object.fromEntries(
    known.map((item) => [
      item.name,
      { $id: `urn:praetorian:plugin:${encodeURIComponent(item.name)}`, ...item.configSchema },
    ]),
  );
  const byUse = known.map((item) => ({
    if: { properties: { use: { const: item.name } }, required: ['use'] },
    // oxlint-disable-next-line unicorn/no-thenable -- a keyword of JSON Schema, never awaited
    then: { properties: { config: { $ref: `urn:praetorian:plugin:${encodeURIComponent(item.name)}` } } },
  }));
  const properties = coreSchema['properties'] as { readonly [name: string]: JsonObject };
  const chosen = byUse.length > 0 ? { allOf: byUse } : {};
  const http = known.find((item) => item.name === httpPlugin);
  const whole: JsonObject = {
    $schema: 'https://json-schema.org/draft/2020-12/schema',
    title: 'Praetorian Guard',
    ...coreSchema,
    properties: {
      ...editorAliases(properties),
      plugins: { ...properties['plugins'], additionalProperties: plugin(chosen) },
      store: { ...properties['store'], ...chosen },
      ...(http
        ? {
            http: {
              $ref: `urn:praetorian:plugin:${encodeURIComponent(http.name)}`,
              description: properties['http']?.['description'] ?? '',
            },
          }
        : {}),
    },
    ...(known.length > 0 ? { $defs: defs } : {}),
  };
  return prepare(whole, editorHints) as JsonObject;
}

/** The package behind the shorthand `http`. */
export const httpPlugin = '@praetorian-guard/plugin-http';

const patterns: { readonly [keyword: string]: string } = {
  'x-duration': '^\\s*(\\d+(\\.\\d+)?|(\\d+(\\.\\d+)?\\s*(ms|s|m|h|d)\\s*)+)\\s*$',
  'x-ratio': '^\\s*(\\d+(\\.\\d+)?\\s*%|\\d*\\.?\\d+)\\s*$',
  'x-bytes': '^\\s*\\d+(\\.\\d+)?\\s*([kKmMgGtT]?)([iI]?[bB])?\\s*$',
};

const secretShapes: readonly JsonObject[] = [
  {
    type: 'object',
    required: ['$env'],
    additionalProperties: false,
    properties: { $env: { type: 'string', pattern: '^[A-Za-z_][A-Za-z0-9_]*$' } },
  },
  {
    type: 'object',
    required: ['$file'],
    additionalProperties: false,
    properties: { $file: { type: 'string', minLength: 1 } },
  },
];

/** An editor does not know our keywords: say the same by type and pattern. */
function editorHints(node: JsonObject): JsonObject {
  if ('x-secret' in node) {
    const textAllowed = typeof node['x-secret'] === 'object';
    return { ...node, anyOf: [...secretShapes, ...(textAllowed ? [{ type: 'string', minLength: 1 }] : [])] };
  }
  const keyword = Object.keys(patterns).find((name) => name in node) as string;
  return { ...node, pattern: patterns[keyword] as string, minimum: 0 };
}
