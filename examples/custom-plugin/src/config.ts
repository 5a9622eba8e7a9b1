import type { AgentId, JsonObject, Ms } from '@praetorian-guard/core/plugin';

/** The plugin's config as it arrives: validated, defaults filled in, durations in milliseconds. */
export interface TutorialConfig {
  readonly agents: { readonly [agentId: AgentId]: ThreadConfig };
  readonly queue: {
    /** Tasks that must wait before an agent can be stuck. */
    readonly depth: number;
    readonly for: Ms;
  };
}

export interface ThreadConfig {
  /** Module that runs in the thread, relative to the config file. */
  readonly module: string;
  readonly group: string;
  readonly env: { readonly [name: string]: string };
}

/** Defaults stand here and nowhere else. */
export const configSchema: JsonObject = {
  type: 'object',
  additionalProperties: false,
  properties: {
    agents: {
      type: 'object',
      default: {},
      description: 'Threads by agent id.',
      additionalProperties: {
        type: 'object',
        additionalProperties: false,
        required: ['module'],
        properties: {
          module: { type: 'string', description: 'Module that runs in the thread, relative to the config file.' },
          group: { type: 'string', default: 'threads', description: 'Group of the agent.' },
          env: {
            type: 'object',
            additionalProperties: { type: 'string' },
            default: {},
            description: 'Environment of the thread.',
          },
        },
      },
    },
    queue: {
      type: 'object',
      additionalProperties: false,
      default: {},
      properties: {
        depth: {
          type: 'integer',
          minimum: 1,
          default: 10,
          description: 'Raise it and shorter queues are never suspected.',
        },
        for: {
          type: 'string',
          'x-duration': true,
          default: '30s',
          description: 'Raise it and a slow task is forgiven longer.',
        },
      },
    },
  },
};
