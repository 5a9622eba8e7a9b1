import type { EpochMs, Ms } from '@praetorian-guard/core/plugin';
import type { ContainerFacts } from '../engine/engine.ts';
import type { EngineEvent } from '../engine/event-stream.ts';
import { own } from './naming.ts';

/** Who brought a container to its end. */
export type Hand =
  /** Itself: it exited, was killed from outside the engine, or ran out of memory. */
  | 'itself'
  /** Somebody by the API: stop, kill, restart, remove. */
  | 'operator'
  /** The engine, which was stopped itself. */
  | 'engine'
  /** The guard, in a recovery. */
  | 'guard'
  /** Nobody saw it. */
  | 'unknown';

/** Signals by which a person ends a process; any other may be sent for another reason. */
const demanding = new Set([2, 3, 9, 15]);
/** Signals of Linux by their numbers, from 1. */
const signals =
  'HUP INT QUIT ILL TRAP ABRT BUS FPE KILL USR1 SEGV USR2 PIPE ALRM TERM STKFLT CHLD CONT STOP TSTP TTIN TTOU URG XCPU XFSZ VTALRM PROF WINCH IO PWR SYS'.split(
    ' ',
  );
const rtMin = 34;
/** A container ends within this after its grace, or not because of the signal. */
const afterGraceMs: Ms = 5_000;
const defaultGraceMs: Ms = 10_000;
/** An engine that stops sends its signals at one moment, and is gone soon after the last container is. */
const burstMs: Ms = 1_000;
const lastBreathMs: Ms = 3_000;

/** Signals that were sent by the API one after another. */
interface Kill {
  readonly firstAt: EpochMs;
  readonly at: EpochMs;
  /** The last of them. */
  readonly signal: number;
  /** One of them was one by which a person ends a container. */
  readonly demands: boolean;
}

interface Seen {
  kill?: Kill;
  outOfMemoryAt?: EpochMs;
  endedAt?: EpochMs;
  hand: Hand;
}

/**
 * Remembers from the events how containers came to their ends. An engine that is stopped ends its containers as a person
 * would: only that it is gone right after, and comes back without what ran, tells the two apart.
 */
export class Endings {
  readonly #seen = new Map<string, Seen>();
  #suspects: readonly Seen[] = [];

  /** `byGuard`: it fell into the time in which the guard was at work on the container. */
  note(event: EngineEvent, facts: ContainerFacts | undefined, byGuard = false): void {
    const seen = this.#seen.get(event.id) ?? { hand: 'unknown' };
    this.#seen.set(event.id, seen);
    switch (event.action) {
      case 'start':
        this.#seen.set(event.id, { hand: 'unknown' });
        return;
      case 'kill':
        if (!byGuard) seen.kill = killOf(event, seen.kill, facts);
        return;
      case 'oom':
        seen.outOfMemoryAt = event.at;
        return;
      case 'die':
        seen.endedAt = event.at;
        seen.hand = byGuard ? 'guard' : wasKilled(seen, event, facts) ? 'operator' : 'itself';
        return;
      case 'stop':
        // Comes after the end, also when the signal was sent longer ago than a grace.
        if (seen.hand !== 'guard') seen.hand = 'operator';
        return;
      case 'destroy':
        this.#seen.delete(event.id);
        return;
      default:
    }
  }

  /** The engine was lost from sight: whom it ended in its last moments it may have ended because it was stopped itself. */
  engineLost(at: EpochMs): void {
    const killed = [...this.#seen.values()].filter(({ kill, hand }) => kill && hand !== 'itself');
    const burstAt = Math.max(...killed.map(({ kill }) => kill?.firstAt ?? -Infinity));
    const burst = killed.filter(({ kill }) => kill && kill.at >= burstAt - burstMs);
    // The slowest of them holds the engine up.
    const lastAt = Math.max(...burst.map(({ kill, endedAt }) => Math.max(kill?.at ?? -Infinity, endedAt ?? -Infinity)));
    this.#suspects = at - lastAt <= lastBreathMs ? burst : [];
  }

  /** It is back in sight; `stopped`: it was stopped meanwhile, and was not just out of reach. */
  engineBack(stopped: boolean): void {
    if (stopped) for (const seen of this.#suspects) seen.hand = 'engine';
    this.#suspects = [];
  }

  handOf(containerId: string): Hand {
    return this.#seen.get(containerId)?.hand ?? 'unknown';
  }

  /** Whether it ran out of memory shortly before it ended. */
  ranOutOfMemory(containerId: string): boolean {
    const { outOfMemoryAt, endedAt } = this.#seen.get(containerId) ?? {};
    return outOfMemoryAt !== undefined && (endedAt ?? outOfMemoryAt) - outOfMemoryAt <= afterGraceMs;
  }

  forget(containerId: string): void {
    this.#seen.delete(containerId);
  }
}

function killOf(event: EngineEvent, before: Kill | undefined, facts: ContainerFacts | undefined): Kill {
  const { at } = event;
  const signal = numberOf(event.attributes['signal'] ?? 'KILL');
  const wanted = (facts?.Config as { StopSignal?: string } | undefined)?.StopSignal;
  const demands = demanding.has(signal) || (wanted !== undefined && wanted !== '' && numberOf(wanted) === signal);
  if (!before || at - before.at > windowMs(facts)) return { firstAt: at, at, signal, demands };
  return { firstAt: before.firstAt, at, signal, demands: demands || before.demands };
}

/** Engines tell a signal as a number, containers and people as a name. */
function numberOf(signal: string): number {
  const name = signal.toUpperCase().replace(/^SIG/, '');
  const realTime = /^RTMIN(?:\+(\d+))?$/.exec(name);
  if (realTime) return rtMin + Number(realTime[1] ?? 0);
  return /^\d+$/.test(name) ? Number(name) : signals.indexOf(name) + 1;
}

function wasKilled({ kill }: Seen, end: EngineEvent, facts: ContainerFacts | undefined): boolean {
  if (!kill) return false;
  const sinceMs = end.at - kill.at;
  if (kill.demands) return sinceMs <= windowMs(facts);
  // It may have asked for a reload only: it was the end when the process ended of it, or well.
  const code = Number(end.attributes['exitCode'] ?? Number.NaN);
  return sinceMs <= afterGraceMs && (code === 0 || code === 128 + kill.signal);
}

/** A signal brings the end within this, or it did not. */
function windowMs(facts: ContainerFacts | undefined): Ms {
  return (stopTimeoutMs(facts) ?? defaultGraceMs) + afterGraceMs;
}

/** Time the container wants to end by itself, if it says so. */
export function stopTimeoutMs(facts: ContainerFacts | undefined): Ms | undefined {
  const seconds = (facts?.Config as { StopTimeout?: number } | undefined)?.StopTimeout;
  return seconds === undefined || seconds === null ? undefined : seconds * 1_000;
}

/** What an end means for the guard. */
export type Ending =
  | { readonly kind: 'failed'; readonly outOfMemory: boolean; readonly detail?: string }
  /** It did what it was there for, or a person wanted it so. */
  | { readonly kind: 'left'; readonly detail: string };

/** SIGINT, SIGKILL and SIGTERM, as their exit codes: how an engine ends a container on request. */
const requested = new Set([130, 137, 143]);

/** Judges a container that has ended. */
export function endingOf(facts: ContainerFacts, endings: Endings): Ending {
  const { ExitCode: code, OOMKilled: flagged, Error: error } = facts.State;
  const hand = endings.handOf(facts.Id);
  const outOfMemory = flagged || endings.ranOutOfMemory(facts.Id);
  if (hand === 'operator') return { kind: 'left', detail: `somebody stopped it, exit code ${code}` };
  if (hand === 'guard')
    return { kind: 'failed', outOfMemory: false, detail: 'the guard ended it, and it did not start again' };
  if (hand === 'engine') return { kind: 'failed', outOfMemory: false, detail: 'the Docker engine stopped' };
  if (code === 0 && facts.Config.Labels[own.lifetime] !== 'service')
    return { kind: 'left', detail: 'it is done: exit code 0' };
  if (hand === 'unknown' && requested.has(code) && !outOfMemory)
    return { kind: 'left', detail: `whether somebody stopped it nobody saw, exit code ${code}` };
  const detail = code === 0 ? 'a service that ended with code 0' : error;
  return { kind: 'failed', outOfMemory, ...(detail === '' ? {} : { detail }) };
}

/** Whether the restart policy of the container will start it again by itself. */
export function policyActs(facts: ContainerFacts): boolean {
  const { Name: policy, MaximumRetryCount: most = 0 } = facts.HostConfig.RestartPolicy ?? { Name: '' };
  if (policy === 'always' || policy === 'unless-stopped') return true;
  if (policy !== 'on-failure') return false;
  return facts.State.ExitCode !== 0 && (most === 0 || facts.RestartCount < most);
}
