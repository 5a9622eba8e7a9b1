import type { Incident, Json, Policy } from '../../model/index.ts';
import { readIncident } from './incident-shape.ts';

/**
 * An incident as it was stored, perhaps by an older guard whose policies had fewer settings. What it was opened under
 * holds (R28), also what was left unsaid in it; what nobody had thought of then is as it would be now.
 * @returns `undefined` when the record is damaged.
 */
export function incidentFrom(stored: Json, policyOf: (incident: Incident) => Policy): Incident | undefined {
  const incident = readIncident(stored);
  return incident && { ...incident, policy: completed(incident.policy, policyOf(incident), open) as Policy };
}

/**
 * What a policy may leave unsaid. `optional`: that it is absent is a decision, too; `whole`: which members it has is one.
 * A new member of that kind does not compile before it has its place in `open`.
 */
type Open<T> = T extends readonly unknown[]
  ? never
  : T extends object
    ? {
        readonly [K in keyof T as [OpenAt<T, K>] extends [never] ? never : K]-?: OpenAt<T, K>;
      }
    : never;

type OpenAt<T, K extends keyof T> =
  Pick<T, K> extends Required<Pick<T, K>>
    ? T[K] extends object
      ? Partial<T[K]> extends T[K]
        ? 'whole'
        : keyof Open<T[K]> extends never
          ? never
          : Open<T[K]>
      : never
    : 'optional';

const rung = { drainMs: 'optional', backoff: 'optional' } as const;
const way = { port: 'optional', command: 'optional' } as const;

const open: Open<Policy> = {
  probes: {
    health: way,
    liveness: way,
    readiness: way,
    performance: way,
    tls: { caFile: 'optional', serverName: 'optional' },
  },
  trends: { limits: 'whole' },
  prediction: { quiet: { requestsPerSecond: 'optional' } },
  ladder: {
    restart: rung,
    recreate: rung,
    respawn: { ...rung, override: 'optional' },
    hungGraceMs: 'optional',
  },
  failover: 'optional',
};

/** The stored value with what it has to have and lacks. */
function completed(stored: unknown, now: unknown, left: unknown): unknown {
  if (stored === undefined) return left === 'optional' ? undefined : now;
  if (typeof left === 'string' || !isObject(stored) || !isObject(now)) return stored;
  const whole: Record<string, unknown> = { ...stored };
  for (const [name, value] of Object.entries(now)) {
    const member = completed(stored[name], value, isObject(left) ? left[name] : undefined);
    if (member !== undefined) whole[name] = member;
  }
  return whole;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
