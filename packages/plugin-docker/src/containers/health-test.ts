import type { Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';

/** The HEALTHCHECK of a container, with what the engine takes where it says nothing. */
export interface HealthTest {
  readonly argv: readonly string[];
  readonly intervalMs: Ms;
  readonly timeoutMs: Ms;
  readonly startPeriodMs: Ms;
  readonly retries: number;
}

const nanosPerMs = 1_000_000;
const defaults = { intervalMs: 30_000, timeoutMs: 30_000, startPeriodMs: 0, retries: 3 } as const;

/** `undefined`: it has none, or it was switched off. */
export function healthTestOf({ Config }: ContainerFacts): HealthTest | undefined {
  const { Test, Interval, Timeout, StartPeriod, Retries } = Config.Healthcheck ?? {};
  const argv = argvOf(Test ?? [], (Config as { readonly Shell?: readonly string[] | null }).Shell ?? undefined);
  if (argv.length === 0) return undefined;
  return {
    argv,
    intervalMs: msOf(Interval) || defaults.intervalMs,
    timeoutMs: msOf(Timeout) || defaults.timeoutMs,
    startPeriodMs: msOf(StartPeriod) || defaults.startPeriodMs,
    retries: Retries || defaults.retries,
  };
}

/** When the engine made its last check of a container. */
export function lastTestAt({ State }: ContainerFacts): string | undefined {
  return State.Health?.Log?.at(-1)?.End;
}

/**
 * How long it takes to come to a verdict: as many failures on end as that needs, of which the engine remembers five at
 * most. In as long again at least one more check comes to its end.
 */
export function verdictMs({ intervalMs, timeoutMs, retries }: HealthTest, { State }: ContainerFacts): Ms {
  const log = State.Health?.Log ?? [];
  const streak = log.slice(-Math.min(retries, log.length));
  const tookMs = Date.parse(streak.at(-1)?.End ?? '') - Date.parse(streak[0]?.Start ?? '');
  return Math.max(retries * intervalMs, intervalMs + timeoutMs, Number.isFinite(tookMs) ? tookMs : 0);
}

function argvOf([kind, ...rest]: readonly string[], shell: readonly string[] = ['/bin/sh', '-c']): readonly string[] {
  if (kind === 'CMD') return rest;
  return kind === 'CMD-SHELL' && rest.length > 0 ? [...shell, ...rest] : [];
}

function msOf(nanos: number | undefined): Ms {
  return Math.round((nanos ?? 0) / nanosPerMs);
}
