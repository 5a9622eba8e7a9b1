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

/** Signals that end a process that does not handle them; others may be sent for any reason. */
const ending = new Set(['1', '2', '3', '6', '9', '14', '15', 'HUP', 'INT', 'QUIT', 'ABRT', 'KILL', 'ALRM', 'TERM']);
/** A container ends within this after its grace, or not because of the signal. */
const afterGraceMs: Ms = 5_000;
const defaultGraceMs: Ms = 10_000;
/** An engine that stops sends its signals at one moment, and is gone soon after the last container is. */
const burstMs: Ms = 1_000;
const lastBreathMs: Ms = 3_000;

interface Seen {
  /** When a signal that ends was sent by the API. */
  killedAt?: EpochMs;
  outOfMemoryAt?: EpochMs;
  endedAt?: EpochMs;
  hand: Hand;
}

/**
 * Remembers from the events how containers came to their ends. An engine that is stopped ends its containers as a person
 * would: only that it is gone right after tells the two apart.
 */
export class Endings {
  readonly #seen = new Map<string, Seen>();

  /** `byGuard`: it fell into the time in which the guard was at work on the container. */
  note(event: EngineEvent, facts: ContainerFacts | undefined, byGuard = false): void {
    const seen = this.#seen.get(event.id) ?? { hand: 'unknown' };
    this.#seen.set(event.id, seen);
    switch (event.action) {
      case 'start':
        this.#seen.set(event.id, { hand: 'unknown' });
        return;
      case 'kill':
        if (!byGuard && isEnding(event.attributes['signal'], facts)) seen.killedAt = event.at;
        return;
      case 'oom':
        seen.outOfMemoryAt = event.at;
        return;
      case 'die':
        seen.endedAt = event.at;
        seen.hand = byGuard ? 'guard' : wasKilled(seen, event.at, facts) ? 'operator' : 'itself';
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

  /** The engine was lost from sight: whom it stopped in its last moments it stopped because it was stopped itself. */
  engineLost(at: EpochMs): void {
    const last = Math.max(-Infinity, ...[...this.#seen.values()].map(({ killedAt = -Infinity }) => killedAt));
    for (const seen of this.#seen.values()) {
      const { killedAt = -Infinity, endedAt = at } = seen;
      const inBurst = killedAt >= last - burstMs && at - Math.max(killedAt, endedAt) <= lastBreathMs;
      if (inBurst && seen.hand !== 'itself') seen.hand = 'engine';
    }
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

function isEnding(signal: string | undefined, facts: ContainerFacts | undefined): boolean {
  const name = signal?.replace(/^SIG/, '') ?? '9';
  const wanted = (facts?.Config as { StopSignal?: string } | undefined)?.StopSignal?.replace(/^SIG/, '');
  return ending.has(name) || name === wanted;
}

function wasKilled({ killedAt }: Seen, endedAt: EpochMs, facts: ContainerFacts | undefined): boolean {
  if (killedAt === undefined) return false;
  const graceMs = stopTimeoutMs(facts) ?? defaultGraceMs;
  return endedAt - killedAt <= graceMs + afterGraceMs;
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
