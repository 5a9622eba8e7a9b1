import {
  type AgentId,
  type Criticality,
  type GroupId,
  guardError,
  type JsonObject,
  type Ms,
} from '@praetorian-guard/core/plugin';

/** How a program is started; what an agent and a group of replicas have in common. */
interface ProgramConfig {
  readonly command: readonly string[];
  readonly env: { readonly [name: string]: string };
  readonly cwd?: string;
  readonly labels: { readonly [key: string]: string };
  readonly criticality: Criticality;
  readonly dependsOn: readonly AgentId[];
  readonly scratch: boolean;
}

interface SingleConfig extends ProgramConfig {
  readonly group?: GroupId;
  readonly port?: number;
  readonly role?: 'primary' | 'replica';
}

interface ReplicasConfig extends ProgramConfig {
  readonly replicas: number;
}

/** The plugin's config after validation. */
export interface ProcessConfig {
  readonly agents: { readonly [agentId: string]: SingleConfig };
  readonly groups: { readonly [group: string]: ReplicasConfig };
  readonly stateDir: string;
  readonly logDir?: string;
  readonly onStop: 'stop' | 'leave';
  readonly stopGrace: Ms;
  readonly logLines: number;
  readonly inheritEnv: readonly string[];
  readonly token?: string;
}

/** One agent as it is to be run. */
export interface AgentSpec extends ProgramConfig {
  readonly agentId: AgentId;
  readonly group: GroupId;
  readonly port?: number;
  readonly role?: 'primary' | 'replica';
}

/** Every agent named one by one. */
export function singleSpecs(config: ProcessConfig): AgentSpec[] {
  return Object.entries(config.agents).map(([agentId, agent]) => ({
    ...agent,
    agentId,
    group: agent.group ?? agentId,
  }));
}

/** Replica `index` (from 1) of a group; `undefined` when the config has no such group. */
export function replicaSpec(config: ProcessConfig, group: GroupId, index: number): AgentSpec | undefined {
  const replicas = config.groups[group];
  if (!replicas) return undefined;
  const { replicas: _count, ...program } = replicas;
  return { ...program, agentId: `${group}.${index}`, group };
}

/** What the schema cannot say. Throws `GUARD_CONFIG_INVALID` for an agent that has the name of a replica. */
export function checkNames({ agents, groups }: ProcessConfig): void {
  const problems = Object.keys(agents)
    .filter((agentId) => groups[/^(.+)\.[1-9]\d*$/.exec(agentId)?.[1] ?? ''] !== undefined)
    .map((agentId) => `agents.${agentId}: a replica of a group in \`groups\` has that name; choose another`);
  if (problems.length > 0) throw guardError('GUARD_CONFIG_INVALID', { problems });
}

const names = { type: 'object', additionalProperties: { type: 'string' }, default: {} };

const program: JsonObject = {
  command: {
    type: 'array',
    items: { type: 'string', minLength: 1 },
    minItems: 1,
    description: 'Program and arguments, without a shell. `node` means the Node that runs the guard.',
  },
  env: { ...names, description: 'Environment of the process, added to what `inheritEnv` lets through.' },
  cwd: {
    type: 'string',
    description: 'Working directory, relative to the config file. [the folder of the config file]',
  },
  labels: { ...names, description: 'Labels of the agent.' },
  criticality: { type: 'integer', enum: [0, 1, 2], default: 0, description: 'Raise it and a failure is more severe.' },
  dependsOn: { type: 'array', items: { type: 'string' }, default: [], description: 'Agents that this one needs.' },
  scratch: {
    type: 'boolean',
    default: false,
    description:
      'Gives the process a folder of its own in `PRAETORIAN_SCRATCH`; recreate and respawn begin with an empty one.',
  },
};

// Short enough that `<id>.<replica>~<generation>` is an id as well.
const idNames = { pattern: '^[A-Za-z0-9._:~-]{1,160}$' };

/** JSON Schema of `ProcessConfig`; the defaults stand here and only here. */
export const processConfigSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    agents: {
      type: 'object',
      default: {},
      propertyNames: idNames,
      description: 'Single processes by agent id.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['command'],
        properties: {
          ...program,
          group: { type: 'string', ...idNames, description: 'Group of the agent. [its id]' },
          port: { type: 'integer', minimum: 1, maximum: 65535, description: 'Fixed port. [a free one]' },
          role: { type: 'string', enum: ['primary', 'replica'], description: 'Role for failover.' },
        },
      },
    },
    groups: {
      type: 'object',
      default: {},
      propertyNames: idNames,
      description: 'Groups of equal processes; their agents are `<group>.1` to `<group>.<replicas>`.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['command'],
        properties: {
          ...program,
          replicas: { type: 'integer', minimum: 0, maximum: 1000, default: 1, description: 'Processes of the group.' },
        },
      },
    },
    stateDir: {
      type: 'string',
      default: '.praetorian/process',
      description:
        'Folder for logs, scratch folders and the mark of ownership, relative to the config file. One guard each.',
    },
    logDir: { type: 'string', description: 'Folder of the log files. [`logs` in `stateDir`]' },
    onStop: {
      type: 'string',
      enum: ['stop', 'leave'],
      default: 'stop',
      description: '`stop`: processes end with the guard; `leave`: they go on and are adopted by the next one.',
    },
    stopGrace: {
      type: 'string',
      'x-duration': true,
      default: '5s',
      description:
        'Time between SIGTERM and SIGKILL when the guard scales in or stops, then 8s at most. Raise it for agents that drain slowly.',
    },
    logLines: {
      type: 'integer',
      minimum: 0,
      maximum: 10000,
      default: 200,
      description: 'Last log lines kept as evidence.',
    },
    inheritEnv: {
      type: 'array',
      items: { type: 'string' },
      default: ['PATH', 'HOME', 'USER', 'LANG', 'LC_ALL', 'TZ', 'TMPDIR'],
      description: 'Variables of the guard that processes may see; all others, secrets among them, are kept from them.',
    },
    token: {
      type: 'string',
      'x-secret': true,
      description: 'Token the processes use with the guard (`PRAETORIAN_TOKEN`).',
    },
  },
};
