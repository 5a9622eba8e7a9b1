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
export interface Kill {
  readonly firstAt: EpochMs;
  readonly at: EpochMs;
  /** The last of them. */
  readonly signal: number;
  /** One of them was one by which a person ends a container. */
  readonly demands: boolean;
}

/** What the events told of one container since it was started last. */
export interface Seen {
  readonly kill?: Kill;
  readonly outOfMemoryAt?: EpochMs;
  readonly endedAt?: EpochMs;
  readonly hand: Hand;
  /** When the life that this is about was started, as the engine writes it. */
  readonly startedAt?: string;
}

/**
 * Remembers from the events how containers came to their ends. An engine that is stopped ends its containers as a person
 * would: only that it is gone right after, and comes back without what ran, tells the two apart.
 */
export class Endings {
  readonly #seen = new Map<string, Seen>();
  /** Containers of which something else is known than was written down. */
  readonly #unwritten = new Set<string>();
  /** When the engine was lost from sight: whom it may have ended in its last moments, and who ran and was left to run. */
  readonly #killed = new Set<string>();
  readonly #running = new Set<string>();

  /** Takes back what the guard before this one has seen. */
  restore(seen: Iterable<readonly [string, Seen]>): void {
    for (const [containerId, one] of seen) this.#seen.set(containerId, one);
  }

  /** What was learned since the last call; `undefined`: nothing is known of that container any more. */
  takeUnwritten(): ReadonlyMap<string, Seen | undefined> {
    const taken = new Map([...this.#unwritten].map((id) => [id, this.#seen.get(id)] as const));
    this.#unwritten.clear();
    return taken;
  }

  /** Could not be written: they are taken again. */
  giveBack(containerIds: Iterable<string>): void {
    for (const id of containerIds) this.#unwritten.add(id);
  }

  /** `byGuard`: it fell into the time in which the guard was at work on the container. */
  note(event: EngineEvent, facts: ContainerFacts | undefined, byGuard = false): void {
    const life = facts ? { startedAt: facts.State.StartedAt } : {};
    const seen: Seen = { hand: 'unknown', ...this.#seen.get(event.id), ...life };
    switch (event.action) {
      case 'start':
      case 'destroy':
        return this.forget(event.id);
      case 'kill':
        return byGuard ? undefined : this.#set(event.id, { ...seen, kill: killOf(event, seen.kill, facts) });
      case 'oom':
        return this.#set(event.id, { ...seen, outOfMemoryAt: event.at });
      case 'die': {
        const hand = byGuard ? 'guard' : wasKilled(seen, event, facts) ? 'operator' : 'itself';
        return this.#set(event.id, { ...seen, endedAt: event.at, hand });
      }
      case 'stop':
        // Comes after the end, also when the signal was sent longer ago than a grace.
        return seen.hand === 'guard' ? undefined : this.#set(event.id, { ...seen, hand: 'operator' });
      default:
    }
  }

  #set(containerId: string, seen: Seen): void {
    this.#seen.set(containerId, seen);
    this.#unwritten.add(containerId);
  }

  /** The engine was lost from sight; these ran then, as far as is known. */
  engineLost(at: EpochMs, running: readonly string[] = []): void {
    const killed = [...this.#seen].filter(([, { kill, hand }]) => kill && hand !== 'itself');
    const burstAt = Math.max(...killed.map(([, { kill }]) => kill?.firstAt ?? -Infinity));
    const burst = killed.filter(([, { kill }]) => kill && kill.at >= burstAt - burstMs);
    // The slowest of them holds the engine up.
    const lastAt = Math.max(
      ...burst.map(([, { kill, endedAt }]) => Math.max(kill?.at ?? -Infinity, endedAt ?? -Infinity)),
    );
    this.#forgetSuspects();
    if (at - lastAt <= lastBreathMs) for (const [id] of burst) this.#killed.add(id);
    for (const id of running) if (!this.#isAsked(id, at)) this.#running.add(id);
  }

  /** Whether somebody has asked for its end, and that may still be to come. */
  #isAsked(containerId: string, at: EpochMs): boolean {
    return this.leavesWithin(containerId, undefined, at) > 0;
  }

  /** Time in which a container that runs may yet end because somebody asked for it; 0: nobody has, or it did not heed that. */
  leavesWithin(containerId: string, facts: ContainerFacts | undefined, at: EpochMs): Ms {
    const { kill, endedAt } = this.#seen.get(containerId) ?? {};
    if (kill?.demands !== true || endedAt !== undefined) return 0;
    return Math.max(0, kill.at + windowMs(facts) - at);
  }

  /**
   * It is back in sight, after it was stopped with its containers, or restarted without them, or only out of reach.
   * While there was no engine nobody could ask it for the end of a container. `facts`: the containers as they are now.
   */
  engineBack(was: 'stopped' | 'restarted' | 'out of reach', facts: readonly ContainerFacts[]): void {
    const states = new Map(facts.map(({ Id, State }) => [Id, State]));
    if (was === 'stopped') for (const id of this.#killed) this.#blame(id, 'engine', states.get(id));
    if (was !== 'out of reach')
      for (const id of this.#running)
        if (this.handOf(id) === 'unknown') this.#blame(id, was === 'stopped' ? 'engine' : 'itself', states.get(id));
    this.#forgetSuspects();
  }

  #blame(containerId: string, hand: Hand, now: ContainerFacts['State'] | undefined): void {
    // Its policy has started it again: how the life before ended no longer matters.
    if (now?.Running === true) return;
    const life = now ? { startedAt: now.StartedAt } : {};
    this.#set(containerId, { ...this.#seen.get(containerId), hand, ...life });
  }

  /** It was started since what is remembered of it, which nobody saw: that says nothing of how this life ended. */
  forgetFormer({ Id: id, State }: ContainerFacts): void {
    const startedAt = this.#seen.get(id)?.startedAt;
    if (startedAt !== undefined && startedAt !== State.StartedAt) this.forget(id);
  }

  #forgetSuspects(): void {
    this.#killed.clear();
    this.#running.clear();
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
    this.#killed.delete(containerId);
    this.#running.delete(containerId);
    if (this.#seen.delete(containerId)) this.#unwritten.add(containerId);
  }

  /** Only these containers are there. */
  keepOnly(containerIds: ReadonlySet<string>): void {
    for (const id of this.#seen.keys()) if (!containerIds.has(id)) this.forget(id);
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

/** Time the container wants to end by itself, if it says so; without end where it wants never to be killed. */
export function stopTimeoutMs(facts: ContainerFacts | undefined): Ms | undefined {
  const seconds = (facts?.Config as { StopTimeout?: number } | undefined)?.StopTimeout;
  if (seconds === undefined || seconds === null) return undefined;
  return seconds < 0 ? Infinity : seconds * 1_000;
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
  const { ExitCode: code, OOMKilled: flagged, Error: error, Status } = facts.State;
  if (Status === 'created') return neverStarted(facts);
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

/** One that was made waits for whoever made it. If that was a guard it died on the way, and nobody else will start it. */
function neverStarted({ Config }: ContainerFacts): Ending {
  if (own.key in Config.Labels)
    return { kind: 'failed', outOfMemory: false, detail: 'the guard made it, and did not come to start it' };
  return { kind: 'left', detail: 'it was never started' };
}

/** Whether the restart policy of the container will start it again by itself. */
export function policyActs(facts: ContainerFacts): boolean {
  const { Name: policy, MaximumRetryCount: most = 0 } = facts.HostConfig.RestartPolicy ?? { Name: '' };
  if (policy === 'always' || policy === 'unless-stopped') return true;
  if (policy !== 'on-failure') return false;
  return facts.State.ExitCode !== 0 && (most === 0 || facts.RestartCount < most);
}
