import { type ConfigOverride, guardError, parseBytes, parseDuration } from '@praetorian-guard/core/plugin';

const stamp = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/;

/** A point in time as agents write it: milliseconds, or ISO 8601, where a missing zone means UTC. Else as it came. */
export function readTime(value: unknown): unknown {
  if (typeof value !== 'string') return value;
  const match = stamp.exec(value);
  if (!match) return value;
  const at = Date.parse(match[3] === undefined ? `${value.replace(' ', 'T')}Z` : value.replace(' ', 'T'));
  return Number.isNaN(at) ? value : at;
}

/** A heartbeat with its times in milliseconds. The object itself when there is nothing to change, which is the rule. */
export function readHeartbeat(body: unknown): unknown {
  if (typeof body !== 'object' || body === null) return body;
  const { at, progress } = body as { readonly at?: unknown; readonly progress?: { readonly lastProgressAt?: unknown } };
  const timed = typeof at === 'string' ? { ...body, at: readTime(at) } : body;
  if (typeof progress !== 'object' || typeof progress?.lastProgressAt !== 'string') return timed;
  return { ...timed, progress: { ...progress, lastProgressAt: readTime(progress.lastProgressAt) } };
}

/** What a body may say instead of the settings of the replaced instance: our names, or those of the brief. */
export interface OverrideWish {
  readonly memoryLimit?: number | string;
  readonly memory_limit?: number | string;
  readonly cpuLimit?: number;
  readonly cpu_limit?: number;
  readonly timeout?: number | string;
  readonly timeoutMs?: number;
  readonly image?: string;
  readonly command?: readonly string[];
  readonly env?: { readonly [name: string]: string };
}

/** @throws GUARD_HTTP_BODY when a setting stands there in both forms or cannot be read. */
export function readOverride(wish: OverrideWish, route: string): ConfigOverride {
  const memory = either(wish.memoryLimit, wish.memory_limit, { names: 'memoryLimit and memory_limit', route });
  const cpu = either(wish.cpuLimit, wish.cpu_limit, { names: 'cpuLimit and cpu_limit', route });
  const timeout = either(wish.timeout, wish.timeoutMs, { names: 'timeout and timeoutMs', route });
  return {
    ...(memory === undefined ? {} : { memoryLimit: sized(memory, route) }),
    ...(cpu === undefined ? {} : { cpuLimit: cpu }),
    ...(timeout === undefined
      ? {}
      : { timeoutMs: wish.timeoutMs ?? duration(timeout, 'configOverride.timeout', route) }),
    ...(wish.image === undefined ? {} : { image: wish.image }),
    ...(wish.command === undefined ? {} : { command: wish.command }),
    ...(wish.env === undefined ? {} : { env: wish.env }),
  };
}

/** The one of two spellings that is there; both at once are a contradiction. */
export function either<T>(a: T | undefined, b: T | undefined, place: { names: string; route: string }): T | undefined {
  if (a !== undefined && b !== undefined) {
    throw guardError('GUARD_HTTP_BODY', {
      route: place.route,
      why: `${place.names} say the same thing: leave one out`,
    });
  }
  return a ?? b;
}

function sized(value: unknown, route: string): number {
  const bytes = parseBytes(value as string | number);
  if (bytes !== undefined && bytes > 0) return bytes;
  throw guardError('GUARD_HTTP_BODY', { route, why: 'configOverride.memoryLimit is a size like "2GB"' });
}

/** A duration like `2h`; a bare number means seconds. */
export function duration(value: unknown, name: string, route: string): number {
  const ms = parseDuration(value as string | number);
  if (ms !== undefined && ms > 0) return ms;
  throw guardError('GUARD_HTTP_BODY', { route, why: `${name} is a duration like "2h"` });
}
