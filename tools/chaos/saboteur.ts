import { setTimeout as sleep } from 'node:timers/promises';
import type { Incident } from '@praetorian-guard/core';
import type { Random } from '@praetorian-guard/core/plugin';
import type { RunningHost } from '../../examples/reference-host/test/host.ts';
import type { Observer, StepSeen } from './observer.ts';
import { kill } from './world.ts';

/** By how often it is drawn; an exit and an order lead to a recovery at once, the others have to be detected first. */
const faults = ['exit', 'exit', 'exit', 'respawn', 'respawn', 'stop', 'errors', 'slow'] as const;
export type Fault = (typeof faults)[number];

/**
 * When the kill comes: some time after the fault, or after the incident was opened; just after the nth step was begun;
 * or while a process is being started or ended, where a crash is worst.
 */
const triggers = ['fault', 'incident', 'incident', 'step', 'step', 'action', 'action'] as const;
const actions = /-(restart|recreate|respawn|retire)$/;

const longestMs = 6_000;
/** A crash within a step comes at most this long after it was begun. */
const withinStepMs = 150;
const detectMs = 30_000;

/** Breaks agents and finds the moment to kill the guard that heals them; every choice is drawn from the seed. */
export class Saboteur {
  readonly #random: Random;
  readonly #host: RunningHost;
  readonly #observer: Observer;

  constructor(random: Random, host: RunningHost, observer: Observer) {
    this.#random = random;
    this.#host = host;
    this.#observer = observer;
  }

  chooseFault(): Fault {
    return this.pick(faults);
  }

  pick<T>(from: readonly T[]): T {
    return from[this.#random.integer(from.length)] as T;
  }

  async break(agentId: string, fault: Fault): Promise<void> {
    switch (fault) {
      case 'exit':
        return kill(await this.#host.pidOf(agentId), 'SIGKILL');
      case 'stop':
        return kill(await this.#host.pidOf(agentId), 'SIGSTOP');
      case 'errors':
        return this.#host.break(agentId, { kind: 'errors' });
      case 'slow':
        return this.#host.break(agentId, { kind: 'slow', delayMs: 700 });
      case 'respawn':
        // Answered only when the incident is stored, and a kill may come before.
        return void this.order(agentId);
    }
  }

  /** Nothing is broken, yet a recovery begins: an operator orders a respawn. */
  async order(agentId: string): Promise<void> {
    await this.#host.ask('POST', `/api/v1/agents/${agentId}/respawn`, { by: 'chaos' }).catch(() => undefined);
  }

  /** Waits for the moment of the kill. `stepsBefore`: steps of all agents that were begun before the fault. */
  async moment(agentId: string, stepsBefore: number): Promise<void> {
    const trigger = this.pick(triggers);
    const share = this.#random.next();
    const nth = 1 + this.#random.integer(7);
    if (trigger === 'fault') return sleep(share * longestMs);
    const mine = (): Incident | undefined => this.#observer.unresolved.find((one) => one.agentId === agentId);
    await seen(() => mine() !== undefined);
    // Squared: the steps come first and take less time than the watch after them.
    if (trigger === 'incident') return sleep(share ** 2 * longestMs);
    const begun = (): readonly StepSeen[] =>
      this.#observer.steps.slice(stepsBefore).filter((step) => step.agentId === agentId);
    const reached = (): boolean =>
      trigger === 'action' ? begun().some(({ stepId }) => actions.test(stepId)) : begun().length >= nth;
    await seen(() => reached() || mine()?.state === 'watching');
    await sleep(share * withinStepMs);
  }
}

/** Waits for something to be heard, not for ever: a kill at another moment is worth as much. */
async function seen(holds: () => boolean): Promise<void> {
  const end = Date.now() + detectMs;
  while (!holds() && Date.now() < end) await sleep(2);
}

/** Where an incident stands: its state, and within an attempt the step in hand. */
export function stoodOf(incident: Incident | undefined): string {
  if (!incident) return 'not yet seen';
  if (incident.state === 'open') return `open: ${incident.because.code}`;
  if (incident.state !== 'acting') return incident.state;
  const { steps } = incident.attempt;
  const begun = steps.find((step) => step.state === 'started');
  const next = steps.find((step) => step.state === 'planned');
  return begun ? `acting: in ${nameOf(begun.id)}` : `acting: before ${nameOf(next?.id ?? 'the watch')}`;
}

function nameOf(stepId: string): string {
  return stepId.replace(/^\d+-/, '');
}
