import { Ajv2020 } from 'ajv/dist/2020.js';
import { describe, expect, it } from 'vitest';
import { load, plugins } from '../../test/config-kit.ts';
import type { JsonObject } from '../model/index.ts';
import { composedSchema, coreSchema } from './schema.ts';

/** As an editor has it: it knows JSON Schema 2020-12 and ignores keywords that are not of it. */
const editor = new Ajv2020({ strict: false, allErrors: true, logger: false });
const withPlugins = editor.compile(composedSchema(Object.values(plugins)));

/** Every property of the schema with its path. */
function properties(schema: JsonObject, path = ''): [string, JsonObject][] {
  const own = Object.entries((schema['properties'] ?? {}) as { [name: string]: JsonObject });
  const below = own.flatMap(([name, child]) => [
    [`${path}.${name}`, child] as [string, JsonObject],
    ...properties(child, `${path}.${name}`),
  ]);
  const inner = [schema['items'], schema['additionalProperties']].filter(
    (item) => typeof item === 'object',
  ) as JsonObject[];
  return [...below, ...inner.flatMap((item) => properties(item, `${path}[]`))];
}

const textOf = (value: unknown): string => (typeof value === 'string' ? value : '');

describe('the schema', () => {
  it('says of every property what it means', () => {
    expect(
      properties(coreSchema)
        .filter(([, schema]) => !/^.{10}/.test(textOf(schema['description'])))
        .map(([path]) => path),
    ).toEqual([]);
  });

  it('says of every figure what raising and lowering it does', () => {
    const figures = properties(coreSchema).filter(
      ([path, schema]) =>
        ['x-duration', 'x-ratio', 'x-bytes', 'minimum', 'exclusiveMinimum'].some((key) => key in schema) &&
        !path.includes('attempts[]') &&
        !path.endsWith('.port'),
    );
    expect(figures.length).toBeGreaterThan(40);
    expect(
      figures.filter(([, { description }]) => !/Raise it.*lower it/s.test(textOf(description))).map(([path]) => path),
    ).toEqual([]);
  });

  it('allows no unknown key in any object whose keys it lists', () => {
    const open = [['', coreSchema] as [string, JsonObject], ...properties(coreSchema)].filter(
      ([, schema]) => 'properties' in schema && schema['additionalProperties'] !== false,
    );
    expect(open).toEqual([]);
  });

  it('has exactly these keys at the top', () => {
    expect(Object.keys(coreSchema['properties'] as JsonObject).sort()).toEqual(
      [
        'agents',
        'approvals',
        'checkpoints',
        'controlPlane',
        'errors',
        'failover',
        'flapping',
        'gate',
        'groups',
        'heartbeat',
        'http',
        'ladder',
        'maintenance',
        'learning',
        'name',
        'notifications',
        'plugins',
        'prediction',
        'probes',
        'recording',
        'recurrence',
        'selfDoubt',
        'severity',
        'slo',
        'store',
        'tick',
        'trends',
        'version',
        'watch',
      ].sort(),
    );
  });
});

describe('the schema for editors', () => {
  const good = {
    slo_targets: { latency_p95: '200ms' },
    ladder: { respawn: { config_override: { memory_limit: '2GB', timeout: 300 } } },
    groups: { web: { heartbeat: { every: '40s' }, slo_targets: { error_rate: '0.1%' } } },
    plugins: { ops: { use: 'ops', config: { slack: { token: { $env: 'TOKEN' }, every: 5 } } } },
    store: { use: 'level', config: { path: './x' } },
    http: { port: 1, token: { $env: 'TOKEN' } },
  };

  it('stands alone and accepts what the guard accepts', async () => {
    expect(withPlugins(good)).toBe(true);
    const env = { TOKEN: 'hunter2-hunter2' };
    const { config } = await load(good, { env });
    expect(config.plugins['http']?.config).toMatchObject({ port: 1, token: env.TOKEN });
  });

  it.each([
    [{ heartbeat: { every: '30 parsecs' } }],
    [{ heartbeat: { every: -1 } }],
    [{ slo: { availability: '99,9%' } }],
    [{ groups: { web: { mode: 'aut' } } }],
    [{ plugins: { ops: { use: 'ops', config: { slak: {} } } } }],
    [{ plugins: { ops: { use: 'ops', config: { slack: { token: 'hunter2' } } } } }],
    [{ store: { use: 'level', config: {} } }],
    [{ http: { prt: 1 } }],
    [{ slo_targets: { latency_p98: '1s' } }],
  ])('refuses %j', (value) => {
    expect(withPlugins(value)).toBe(false);
  });

  it('needs no plugin, and leaves the config of one it does not know open', () => {
    expect(editor.validate(composedSchema([]), { plugins: { x: { use: 'unknown', config: { any: 1 } } } })).toBe(true);
    expect(withPlugins({ plugins: { x: { use: 'unknown', config: { any: 1 } } } })).toBe(true);
  });

  it('is plain JSON', () => {
    const schema = composedSchema(Object.values(plugins));
    expect(JSON.parse(JSON.stringify(schema))).toEqual(schema);
    expect(schema['$schema']).toBe('https://json-schema.org/draft/2020-12/schema');
  });
});
