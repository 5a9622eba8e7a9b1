import { guardError, isId, type JsonObject, type Ms, parseBytes, parseDuration } from '@praetorian-guard/core/plugin';
import { isLoopback } from './loopback.ts';

export type TokenRole = 'agent' | 'viewer' | 'operator';

/** One bearer token. An agent's token names the one agent or the one group it may speak for; both: an agent in its group. */
export interface HttpToken {
  /** Stands as `by` in the record of what was done with it. */
  readonly name: string;
  readonly role: TokenRole;
  readonly token: string;
  readonly agentId?: string;
  readonly group?: string;
}

/** The config as the surface gets it: durations in milliseconds, sizes in bytes, secrets resolved. */
export interface HttpConfig {
  readonly host: string;
  /** 0 takes any free port. */
  readonly port: number;
  readonly publicUrl?: string;
  readonly auth: 'tokens' | 'loopback-open';
  readonly tokens: readonly HttpToken[];
  readonly allowedHosts: readonly string[];
  readonly allowedOrigins: readonly string[];
  readonly limits: {
    readonly heartbeat: number;
    readonly json: number;
    readonly batch: number;
    readonly state: number;
  };
  readonly sse: { readonly heartbeat: Ms; readonly maxClients: number };
}

/** What an embedder writes: everything may be left out, and sizes and durations may be text. */
export interface HttpOptions {
  readonly host?: string;
  readonly port?: number;
  readonly publicUrl?: string;
  readonly auth?: HttpConfig['auth'];
  readonly tokens?: readonly HttpToken[];
  readonly allowedHosts?: readonly string[];
  readonly allowedOrigins?: readonly string[];
  readonly limits?: { readonly [K in keyof HttpConfig['limits']]?: number | string };
  readonly sse?: { readonly heartbeat?: Ms | string; readonly maxClients?: number };
}

const size = (byDefault: string, description: string): JsonObject => ({
  'x-bytes': true,
  default: byDefault,
  description,
});

/** JSON Schema of the config. Defaults stand here and nowhere else. */
export const configSchema = {
  type: 'object',
  additionalProperties: false,
  properties: {
    host: {
      type: 'string',
      minLength: 1,
      default: '127.0.0.1',
      description: 'Address to listen on. `0.0.0.0` or `::` opens the guard to the network and needs tokens.',
    },
    port: {
      type: 'integer',
      minimum: 0,
      maximum: 65_535,
      default: 7717,
      description: 'Port to listen on; 0 takes any free one.',
    },
    publicUrl: {
      type: 'string',
      pattern: '^https?://[^/]+$',
      description: 'Base address under which agents reach the guard, when it is not the one it listens on.',
    },
    auth: {
      enum: ['tokens', 'loopback-open'],
      default: 'tokens',
      description:
        '`tokens`: every request needs a bearer token. `loopback-open`: whoever is on this machine is an operator; refused unless `host` is a loopback address.',
    },
    tokens: {
      type: 'array',
      default: [],
      items: {
        type: 'object',
        additionalProperties: false,
        required: ['name', 'role', 'token'],
        properties: {
          name: { type: 'string', minLength: 1, maxLength: 100, description: 'Stands as `by` in the record.' },
          role: {
            enum: ['agent', 'viewer', 'operator'],
            description:
              '`agent`: heartbeats, registration, state and errors of its own agent or group. `viewer`: reads everything. `operator`: everything.',
          },
          token: { 'x-secret': true, description: 'At least 16 characters; `openssl rand -hex 32` makes a good one.' },
          agentId: { type: 'string', description: 'Role agent: the one agent it may speak for.' },
          group: {
            type: 'string',
            description:
              'Role agent: the group whose agents it may speak for; beside `agentId` the one group that agent may register in. [with `agentId`: any]',
          },
        },
      },
      description: 'The tokens that are accepted.',
    },
    allowedHosts: {
      type: 'array',
      items: { type: 'string', minLength: 1 },
      default: [],
      description:
        'Host names (without port) a request may name beside loopback ones. With `tokens` an empty list allows every name.',
    },
    allowedOrigins: {
      type: 'array',
      items: { type: 'string', pattern: '^https?://[^/]+$' },
      default: [],
      description: 'Origins of other web pages that may call the guard (CORS), for example `https://ops.example.com`.',
    },
    limits: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        heartbeat: size('64KiB', 'Largest body of one heartbeat, also inside a batch.'),
        json: size('1MiB', 'Largest JSON body of any other request.'),
        batch: size('16MiB', 'Largest body of `POST /heartbeats`.'),
        state: size('64MiB', 'Largest checkpoint.'),
      },
    },
    sse: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        heartbeat: {
          'x-duration': true,
          default: '15s',
          description: 'A comment is sent this often, so that proxies keep an idle stream open. Raise it to send less.',
        },
        maxClients: {
          type: 'integer',
          minimum: 1,
          maximum: 10_000,
          default: 100,
          description: 'Event streams at once. Each may hold up to 1 MiB that its client has not read yet.',
        },
      },
    },
  },
} as const satisfies JsonObject;

type Schema = { readonly [key: string]: unknown };

/** Fills in the defaults of the schema and reads durations and sizes, for embedders; the host does it for plugins. */
export function completeConfig(options: HttpOptions): HttpConfig {
  return complete(configSchema, options, 'http') as HttpConfig;
}

function complete(schema: Schema, given: unknown, path: string): unknown {
  const value = given === undefined ? schema['default'] : given;
  if (schema['x-duration'] === true) return typeof value === 'string' ? read(parseDuration, value, path) : value;
  if (schema['x-bytes'] === true) return typeof value === 'string' ? read(parseBytes, value, path) : value;
  if (schema['type'] !== 'object') return value;
  const members = schema['properties'] as { readonly [name: string]: Schema };
  const source = (value ?? {}) as { readonly [name: string]: unknown };
  const stray = Object.keys(source).find((name) => !Object.hasOwn(members, name));
  if (stray !== undefined)
    throw guardError('GUARD_CONFIG_INVALID', { problems: [`${path}.${stray} is not an option`] });
  const entries = Object.entries(members).map(([name, member]) => [
    name,
    complete(member, source[name], `${path}.${name}`),
  ]);
  return Object.fromEntries(entries.filter(([, member]) => member !== undefined));
}

function read(parse: (text: string) => number | undefined, text: string, path: string): number {
  const value = parse(text);
  if (value === undefined)
    throw guardError('GUARD_CONFIG_INVALID', { problems: [`${path}: "${text}" cannot be read`] });
  return value;
}

/** What a schema cannot say. Throws `GUARD_CONFIG_INVALID` naming every problem; says no token. */
export function checkConfig(config: HttpConfig): void {
  const problems = [
    ...accessProblems(config),
    ...streamProblems(config),
    ...config.tokens.flatMap((token, index) => tokenProblems(token, index)),
  ];
  const names = config.tokens.map(({ name }) => name);
  const twice = names.find((name, index) => names.indexOf(name) !== index);
  if (twice !== undefined) problems.push(`http.tokens: the name ${twice} stands there twice`);
  if (new Set(config.tokens.map(({ token }) => token)).size !== config.tokens.length) {
    problems.push('http.tokens: two of them have the same token');
  }
  if (problems.length > 0) throw guardError('GUARD_CONFIG_INVALID', { problems });
}

function accessProblems({ auth, host, tokens }: HttpConfig): string[] {
  if (auth === 'loopback-open' && !isLoopback(host)) {
    return [
      `http.auth "loopback-open" needs a loopback http.host, not ${host}: use 127.0.0.1, or set auth to "tokens"`,
    ];
  }
  if (auth === 'tokens' && tokens.length === 0) {
    return ['http.tokens is empty, so nobody could use the guard: add a token, or set http.auth to "loopback-open"'];
  }
  return [];
}

function streamProblems({ sse: { heartbeat } }: HttpConfig): string[] {
  return heartbeat >= 1_000 ? [] : [`http.sse.heartbeat is ${heartbeat} ms; at least 1 second is needed`];
}

function tokenProblems({ name, role, token, agentId, group }: HttpToken, index: number): string[] {
  const at = `http.tokens[${index}] (${name})`;
  const problems: string[] = [];
  if (token.length < 16) problems.push(`${at}: the token has ${token.length} characters; at least 16 are needed`);
  if (/[^\x21-\x7e]/.test(token)) problems.push(`${at}: a token has printable ASCII characters only and no spaces`);
  if (role === 'agent' && (agentId ?? group) === undefined) {
    problems.push(`${at}: a token of role agent needs agentId, group or both`);
  }
  if (role !== 'agent' && (agentId ?? group) !== undefined) {
    problems.push(`${at}: agentId and group are for tokens of role agent`);
  }
  for (const id of [agentId, group])
    if (id !== undefined && !isId(id)) problems.push(`${at}: ${JSON.stringify(id)} is not an id`);
  return problems;
}
