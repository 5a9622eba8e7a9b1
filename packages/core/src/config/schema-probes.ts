/** How a probe asks: over HTTP, HTTPS or TCP, or by a command inside the instance. */
import type { JsonObject } from '../model/index.ts';
import { choice, flag, section } from './schema-parts.ts';

const typesOf = (what: string): readonly string[] =>
  what === 'performance' ? ['auto', 'http', 'https', 'command'] : ['auto', 'http', 'https', 'tcp', 'command'];

const meaningOf: { readonly [type: string]: string } = {
  auto: "auto: over HTTP or HTTPS, as the agent's endpoint says; where liveness is tcp or command, health means the same and the others are off",
  http: 'http, https: that way',
  tcp: 'tcp: whether a connection is taken',
  command: 'command: whether a program inside the instance ends with 0, where the orchestrator can run one',
};

/** Members of a probe that say which way it goes. */
export function probeWay(what: string): { readonly [name: string]: JsonObject } {
  const types = typesOf(what);
  const meanings = types.flatMap((type) => meaningOf[type] ?? []).join('; ');
  const prints: { readonly [what: string]: string } = {
    performance: ' The figures are read from what it prints, as JSON.',
    readiness: ' A JSON object with ready and checks that it prints is read like an answer over HTTP.',
  };
  return {
    type: choice(types, 'auto', `Way the ${what} probe goes. ${meanings}.`),
    port: {
      type: 'integer',
      minimum: 1,
      maximum: 65_535,
      description: `Port of the ${what} probe on the host of the agent's endpoint, when it is another than there.`,
    },
    command: {
      type: 'array',
      items: { type: 'string', minLength: 1, maxLength: 4_000 },
      minItems: 1,
      maxItems: 64,
      description: `Program and arguments of the ${what} probe, without a shell; needed with the type command. A label can never give one.${prints[what] ?? ''}`,
    },
  };
}

export const tls = section('How certificates of agents that are asked over HTTPS are judged.', {
  caFile: {
    type: 'string',
    minLength: 1,
    maxLength: 4_000,
    description:
      'File with the authorities (PEM) to trust instead of the well-known ones, relative to this file. Read again when it changes.',
  },
  insecure: flag(
    false,
    'Takes any certificate. The answers may then come from anybody on the way; better name the authority in caFile.',
  ),
  serverName: {
    type: 'string',
    minLength: 1,
    maxLength: 253,
    pattern: '^[A-Za-z0-9._-]+$',
    'x-allowed': 'a host name',
    description: "Name that certificates have to carry, when it is not the host of the agent's endpoint.",
  },
});
