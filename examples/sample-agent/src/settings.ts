/** Everything the agent can be told from outside, read once at the start. */
export interface Settings {
  readonly host: string;
  /** 0 lets the system choose; the chosen one is logged and registered. */
  readonly port: number;
  readonly agentId: string;
  readonly group: string;
  /** Name of this incarnation. */
  readonly instance: string;
  readonly generation: number;
  /** Base address of the guard; absent = the agent works alone. */
  readonly guardUrl?: string;
  readonly token?: string;
  /** Address under which others reach the agent, when it is not `http://host:port`. */
  readonly endpoint?: string;
  /** Whether the guard is going to push a saved state; the agent is not ready before it came or the wait is over. */
  readonly restore: boolean;
  readonly restoreWaitMs: number;
  readonly heartbeatMs: number;
  readonly checkpointMs: number;
  /** Pause between two jobs the agent gives itself; 0 = only `POST /work`. */
  readonly jobEveryMs: number;
  /** Latencies and rates are taken over this window. */
  readonly windowMs: number;
  readonly faults: boolean;
  /** Its part in a group with a primary, as it begins; absent = the group has none. */
  readonly role?: Role;
  /** How far behind a replica says it is. */
  readonly lagMs: number;
}

export type Role = 'primary' | 'replica';

/** A setting that cannot be used. The message names the variable, what was found and what is allowed. */
export class SettingsError extends Error {
  override readonly name = 'SettingsError';
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Reads the settings from environment variables; throws `SettingsError` for the first one that is not usable. */
export function readSettings(env: Environment, pid: number, now = Date.now()): Settings {
  const agentId = id(env, 'PRAETORIAN_AGENT_ID', 'sample-agent');
  const latest = Number.MAX_SAFE_INTEGER;
  const until = whole(env, 'PRAETORIAN_RESTORE_UNTIL', { default: latest, min: 0, max: latest });
  const generation = whole(env, 'PRAETORIAN_GENERATION', { default: 1, min: 1, max: latest });
  return {
    host: env['HOST'] || '127.0.0.1',
    port: whole(env, 'PORT', { default: 0, min: 0, max: 65_535 }),
    agentId,
    group: id(env, 'PRAETORIAN_GROUP', 'samples'),
    instance: id(env, 'PRAETORIAN_INSTANCE', `${agentId}:${pid}`),
    generation,
    ...optional('guardUrl', address(env, 'PRAETORIAN_URL')),
    ...optional('token', env['PRAETORIAN_TOKEN'] || undefined),
    ...optional('endpoint', address(env, 'ENDPOINT')),
    restore: flag(env, 'PRAETORIAN_RESTORE', false) && now < until,
    restoreWaitMs: whole(env, 'RESTORE_WAIT_MS', { default: 5_000, min: 0, max: 600_000 }),
    heartbeatMs: whole(env, 'HEARTBEAT_MS', { default: 30_000, min: 50, max: 3_600_000 }),
    checkpointMs: whole(env, 'CHECKPOINT_MS', { default: 5_000, min: 50, max: 3_600_000 }),
    jobEveryMs: whole(env, 'JOB_EVERY_MS', { default: 100, min: 0, max: 60_000 }),
    windowMs: whole(env, 'WINDOW_MS', { default: 30_000, min: 1_000, max: 600_000 }),
    faults: flag(env, 'FAULTS', true),
    ...optional('role', role(env)),
    lagMs: whole(env, 'LAG_MS', { default: 0, min: 0, max: 86_400_000 }),
  };
}

function whole(env: Environment, name: string, bounds: { default: number; min: number; max: number }): number {
  const text = env[name];
  if (text === undefined || text === '') return bounds.default;
  const value = Number(text);
  if (Number.isInteger(value) && value >= bounds.min && value <= bounds.max) return value;
  throw new SettingsError(`${name} is "${text}"; allowed is a whole number from ${bounds.min} to ${bounds.max}.`);
}

function role(env: Environment): Role | undefined {
  const text = env['ROLE'];
  if (!text) return undefined;
  if (text === 'primary' || text === 'replica') return text;
  throw new SettingsError(`ROLE is "${text}"; allowed are primary and replica.`);
}

function id(env: Environment, name: string, fallback: string): string {
  const text = env[name] || fallback;
  if (/^[A-Za-z0-9._:~-]{1,200}$/.test(text)) return text;
  throw new SettingsError(`${name} is "${text}"; allowed are 1–200 characters of A–Z a–z 0–9 . _ : ~ -.`);
}

function address(env: Environment, name: string): string | undefined {
  const text = env[name];
  if (!text) return undefined;
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text.replace(/\/+$/, '');
  throw new SettingsError(`${name} is "${text}"; allowed is an http or https address, as http://127.0.0.1:7717.`);
}

function flag(env: Environment, name: string, fallback: boolean): boolean {
  const text = env[name];
  if (text === undefined || text === '') return fallback;
  if (['1', 'true', 'on', 'yes'].includes(text)) return true;
  if (['0', 'false', 'off', 'no'].includes(text)) return false;
  throw new SettingsError(`${name} is "${text}"; allowed are 1 and 0.`);
}

function optional<K extends string, V>(key: K, value: V | undefined): { [P in K]?: V } {
  return value === undefined ? {} : ({ [key]: value } as { [P in K]?: V });
}
