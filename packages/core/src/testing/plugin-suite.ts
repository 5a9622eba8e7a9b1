import assert from 'node:assert/strict';
import { problemsOf } from '../config/explain-issue.ts';
import { dotted } from '../config/problem.ts';
import type { PluginManifest } from '../contracts/index.ts';
import type { Json, JsonObject } from '../model/index.ts';
import { checkManifest, kinds } from '../plugins/check-manifest.ts';
import { compileSchema } from '../runtime/json-schema.ts';
import { createRig } from './rig.ts';
import type { Runner } from './runner.ts';

export interface PluginSamples {
  /** Configs as people write them. The first one is the one the contributions are made with; `{}` should be among them if it is enough. */
  readonly valid: readonly JsonObject[];
  /** Configs that must be refused, and where: `path` is dotted, `slack.token`. */
  readonly invalid: readonly { readonly config: JsonObject; readonly path: string }[];
}

/** Whatever keeps a process alive. Making a contribution must open none of it: that is what `start` is for. */
const lasting = new Set([
  'TCPSocketWrap',
  'TCPServerWrap',
  'PipeWrap',
  'UDPWrap',
  'Timeout',
  'Immediate',
  'FSEventWrap',
  'ProcessWrap',
  'MessagePort',
  'TLSWrap',
]);

/** What every plugin promises before anything of it runs: a sound manifest, a strict schema, and factories that only make. */
export function testPlugin(runner: Runner, manifest: PluginManifest<never>, samples: PluginSamples): void {
  runner.describe(`the plugin ${manifest.name}`, () => {
    testManifest(runner, manifest as unknown as PluginManifest);
    testSchema(runner, manifest.configSchema);
    testConfigs(runner, manifest.configSchema, samples);
    const [first] = samples.valid;
    if (first) testFactories(runner, manifest as unknown as PluginManifest, first);
  });
}

const it = (runner: Runner, name: string, body: () => void): void =>
  runner.it(name, () => {
    body();
    return Promise.resolve();
  });

function testManifest(runner: Runner, manifest: PluginManifest): void {
  it(runner, 'has a manifest this core accepts', () => {
    checkManifest(manifest, manifest.name);
  });
  it(runner, 'cannot be changed by who holds it', () => {
    assert.ok(Object.isFrozen(manifest), 'the manifest is not the result of definePlugin()');
  });
}

function testSchema(runner: Runner, schema: JsonObject): void {
  const nodes = [...schemaNodes(schema, '')];
  it(runner, 'allows no unknown key in any object of its config', () => {
    const open = nodes.filter(
      ({ node }) =>
        'properties' in node && node['additionalProperties'] !== false && node['unevaluatedProperties'] !== false,
    );
    assert.deepEqual(
      open.map(({ path }) => path),
      [],
      'these objects lack additionalProperties: false',
    );
  });
  it(runner, 'describes every key of its config', () => {
    const silent = nodes.filter(
      ({ path, node, named }) =>
        named && path !== '' && !('properties' in node) && !('$ref' in node) && typeof node['description'] !== 'string',
    );
    assert.deepEqual(
      silent.map(({ path }) => path),
      [],
      'these keys have no description',
    );
  });
  it(runner, 'applies its defaults also where a whole object is left out', () => {
    const unreached = nodes.filter(({ node, optional }) => optional && !('default' in node) && allDefaulted(node));
    assert.deepEqual(
      unreached.map(({ path }) => path),
      [],
      'these objects need a default of {} for the defaults inside them to count',
    );
  });
}

/** An object that could stand by its defaults alone, and has some. */
function allDefaulted(node: JsonObject): boolean {
  const properties = Object.values((node['properties'] ?? {}) as { readonly [name: string]: JsonObject });
  const required = (node['required'] ?? []) as readonly Json[];
  return required.length === 0 && properties.some((child) => 'default' in child);
}

interface SchemaNode {
  readonly path: string;
  readonly node: JsonObject;
  /** It is the value of a key, not of a list or of any key. */
  readonly named: boolean;
  readonly optional: boolean;
}

function* schemaNodes(
  node: JsonObject,
  path: string,
  place = { named: false, optional: false },
): Generator<SchemaNode> {
  yield { path, node, ...place };
  const required = (node['required'] ?? []) as readonly Json[];
  for (const [name, child] of Object.entries((node['properties'] ?? {}) as { readonly [name: string]: JsonObject })) {
    yield* schemaNodes(child, path === '' ? name : `${path}.${name}`, {
      named: true,
      optional: !required.includes(name),
    });
  }
  for (const keyword of ['items', 'additionalProperties']) {
    const child = node[keyword];
    if (typeof child === 'object' && child !== null) yield* schemaNodes(child as JsonObject, `${path}[]`);
  }
}

function testConfigs(runner: Runner, schema: JsonObject, { valid, invalid }: PluginSamples): void {
  valid.forEach((config, index) => {
    it(runner, `accepts the valid config ${index + 1}`, () => {
      const { issues } = compileSchema(schema)(structuredClone(config));
      assert.deepEqual(problemsOf(issues), []);
    });
  });
  invalid.forEach(({ config, path }, index) => {
    it(runner, `refuses the invalid config ${index + 1} and names ${path}`, () => {
      const { issues } = compileSchema(schema)(structuredClone(config));
      const paths = problemsOf(issues).map((problem) => dotted(problem.path));
      assert.ok(paths.includes(path), `it named ${paths.join(', ') || 'nothing'}`);
    });
  });
}

function testFactories(runner: Runner, { configSchema, contributes }: PluginManifest, sample: JsonObject): void {
  for (const kind of kinds) {
    for (const [name, make] of Object.entries(contributes[kind] ?? {})) {
      it(runner, `makes ${kind} ${name} without opening anything`, () => {
        const context = createRig().context(resolved(configSchema, sample));
        const before = openResources();
        const made: unknown = make(context);
        assert.ok(
          typeof made === 'object' && made !== null && !('then' in made),
          'a factory returns the contribution itself',
        );
        assert.deepEqual(openResources(), before, 'a factory opens nothing; start() does');
      });
    }
  }
}

/** A config as a contribution gets it, with texts of no meaning for its secrets. */
function resolved(schema: JsonObject, sample: JsonObject): unknown {
  const config = structuredClone(sample);
  for (const { minLength, put } of compileSchema(schema)(config).secrets) put('s'.repeat(Math.max(32, minLength)));
  return Object.freeze(config);
}

function openResources(): string[] {
  return process
    .getActiveResourcesInfo()
    .filter((resource) => lasting.has(resource))
    .sort();
}
