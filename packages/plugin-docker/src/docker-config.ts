import type { JsonObject, Ms } from '@praetorian-guard/core/plugin';
import type { TlsFiles } from './engine/address.ts';

/** The plugin's config after validation. */
export interface DockerConfig {
  readonly engine: string;
  readonly tls?: TlsFiles;
  readonly manage: 'containers' | 'services' | 'both';
  readonly select: readonly string[];
  readonly idPrefix: string;
  readonly reach: 'container' | 'published';
  readonly restartGrace: Ms;
  readonly keepOld: Ms;
  readonly stopGrace: Ms;
  readonly logLines: number;
  readonly stats: { readonly every: Ms; readonly concurrency: number };
}

const duration = (fallback: string, description: string): JsonObject => ({
  type: 'string',
  'x-duration': true,
  default: fallback,
  description,
});

/** JSON Schema of `DockerConfig`; the defaults stand here and only here. */
export const dockerConfigSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    engine: {
      type: 'string',
      default: 'unix:///var/run/docker.sock',
      description:
        'Where the engine listens: `unix:///path`, `tcp://host:2375`, or `tcp://host:2376` with `tls`. A proxy that lets only the documented calls through will do. One plugin instance speaks to one engine; name further instances for further engines.',
    },
    tls: {
      type: 'object',
      additionalProperties: false,
      properties: {
        ca: { type: 'string', description: 'PEM file of the authority that signed the certificate of the engine.' },
        cert: { type: 'string', description: 'PEM file of the certificate of the guard.' },
        key: { type: 'string', description: 'PEM file of its key.' },
      },
      description: 'Speak TLS. Paths are relative to the folder of the config. [plain]',
    },
    manage: {
      type: 'string',
      enum: ['containers', 'services', 'both'],
      default: 'containers',
      description:
        '`containers`: those of the engine itself, by the orchestrator `docker`; `services`: those of its swarm, by `swarm`; the engine has to be a manager of it.',
    },
    select: {
      type: 'array',
      items: { type: 'string', pattern: '^[^=\\s]+(=.*)?$' },
      default: ['praetorian.enable=true'],
      description:
        'Labels that a container, or a service of a swarm, must have, all of them: `name` or `name=value`. An empty list selects nothing.',
    },
    idPrefix: {
      type: 'string',
      pattern: '^[A-Za-z0-9._:~-]{0,60}$',
      default: '',
      description: 'Put before the id of each agent, so that containers of one name on two engines are two agents.',
    },
    reach: {
      type: 'string',
      enum: ['container', 'published'],
      default: 'container',
      description:
        'How the guard reaches an agent: by the address of its container, as on the same host, or by the address and port that the engine publishes, which a rootless engine and Docker Desktop need.',
    },
    restartGrace: duration(
      '2s',
      'Where the restart policy of a container will start it again, the policy is given this long, and the guard only verifies.',
    ),
    keepOld: duration(
      '10m',
      'The container that was replaced is kept, stopped and renamed, until the new one has run for this long.',
    ),
    stopGrace: duration('10s', 'Time a container gets to end by itself when its group is scaled in.'),
    logLines: {
      type: 'integer',
      minimum: 0,
      maximum: 10_000,
      default: 200,
      description: 'Lines of log kept as evidence.',
    },
    stats: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        every: duration('30s', 'How often memory and processor of each container are read.'),
        concurrency: {
          type: 'integer',
          minimum: 1,
          maximum: 64,
          default: 4,
          description: 'Containers that are read at a time.',
        },
      },
      description: 'Statistics of containers, as metrics of their agents.',
    },
  },
};
