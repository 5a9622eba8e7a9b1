/**
 * A fleet on virtual time, for the detection report: heartbeats and probes over a network that loses and delays, hosts
 * that starve, collections of garbage, crashes and hangs. The same seed gives the same fleet. Real detectors judge it; the
 * fixed timeout and phi alone are counted beside them on the very same heartbeats.
 */
import type { DetectionResult } from '../src/detection/index.ts';
import { builtInDetectors, Detection } from '../src/detection/index.ts';
import { Arrivals } from '../src/detection/heartbeat/arrivals.ts';
import { zOfPhi } from '../src/detection/heartbeat/phi.ts';
import { Fleet } from '../src/fleet/index.ts';
import type { Detector, FleetView, Random } from '../src/contracts/index.ts';
import { noopLogger, noopMetrics, seededRandom } from '../src/runtime/index.ts';
import { samplePolicy } from '../src/testing/sample-fleet.ts';
import { createVirtualClock } from '../src/testing/virtual-clock.ts';

type Make = (fleet: FleetView) => Detector;

const minute = 60_000;
const hour = 60 * minute;
export const day = 24 * hour;
const beatMs = 30_000;
const probeMs = 10_000;
const timeoutMs = 2_000;
const tickMs = 1_000;
/** Agents that share a processor. */
const hostSize = 10;

/** How often things happen, and how long they last. Means of exponential distributions where nothing else is said. */
const nature = {
  /** Share of heartbeats and of probes that are lost. */
  beatLoss: 0.01,
  probeLoss: 0.003,
  networkMs: 30,
  /** Share by which the pause between two heartbeats differs. */
  jitter: 0.02,
  pauseEveryMs: 30 * minute,
  pauseMs: 1_000,
  starveEveryMs: 8 * hour,
  starveMs: 3 * minute,
  /** How much later a starved agent sends, and how long it takes to answer. */
  starvedSendMs: 3_000,
  starvedAnswerMs: 400,
  failEveryMs: 12 * hour,
  /** Until the failed instance is replaced. */
  repairMs: 5 * minute,
} as const;

interface Agent {
  readonly slot: number;
  readonly host: Spell;
  readonly pause: Spell;
  /** The earliest of what comes next. */
  nextAt: number;
  sendAt: number;
  probeAt: number;
  failAt: number;
  failed: 'crash' | 'hang' | undefined;
  /** The failure was noticed, or a false alarm is open. */
  noticed: boolean;
  repairAt: number;
  heardAt: number;
  /** A probe failed lately: answers matter now. */
  shaky: boolean;
}

/** Bad times that come and go. */
class Spell {
  #from: number;
  #to: number;
  readonly #random: Random;
  readonly #everyMs: number;
  readonly #forMs: number;

  constructor(random: Random, everyMs: number, forMs: number) {
    this.#random = random;
    this.#everyMs = everyMs;
    this.#forMs = forMs;
    this.#from = exponential(random, everyMs);
    this.#to = this.#from + exponential(random, forMs);
  }

  /** End of the bad time that `atMs` lies in; `atMs` itself in good times. To be asked in order of time. */
  endOf(atMs: number): number {
    while (atMs >= this.#to) {
      this.#from = this.#to + exponential(this.#random, this.#everyMs);
      this.#to = this.#from + exponential(this.#random, this.#forMs);
    }
    return atMs >= this.#from ? this.#to : atMs;
  }
}

function exponential(random: Random, mean: number): number {
  return -mean * Math.log(1 - random.next());
}

/** False alarms and delays of one way to detect. */
export class Score {
  falseAlarms = 0;
  readonly delays: number[] = [];
  readonly hangDelays: number[] = [];

  add(delayMs: number, failed: 'crash' | 'hang'): void {
    this.delays.push(delayMs);
    if (failed === 'hang') this.hangDelays.push(delayMs);
  }
}

const phiPauses = [3_000, 5_000, 8_000, 12_000, 18_000, 25_000, 30_000, 35_000, 40_000, 45_000, 50_000, 60_000, 75_000];
const convictZ = zOfPhi(8);

export interface Report {
  readonly agentDays: number;
  /** The guard: phi, probes and lifecycle together. */
  readonly guard: Score;
  /** A fixed timeout of whole seconds. */
  readonly fixed: (seconds: number) => Score;
  /** φ ≥ 8 alone, by the acceptable pause in ms. */
  readonly phi: ReadonlyMap<number, Score>;
}

export function simulate(agents: number, forMs: number, seed: string): Report {
  const world = new World(agents, seed);
  world.run(forMs);
  return {
    agentDays: (agents * forMs) / day,
    guard: world.guard,
    fixed: (seconds) => world.fixed(seconds),
    phi: world.phi,
  };
}

class World {
  readonly guard = new Score();
  readonly phi = new Map(phiPauses.map((pause) => [pause, new Score()]));
  readonly #clock = createVirtualClock();
  readonly #random: Random;
  readonly #detection: Detection;
  readonly #agents: Agent[] = [];
  /** Trained as the heartbeat detector's are, for phi alone. */
  readonly #arrivals = new Arrivals();
  /** Healthy silences by their length in ticks. */
  readonly #gaps = new Uint32Array(1_000);
  /** How long each failed agent had been silent when it failed. */
  readonly #failures: { readonly sinceMs: number; readonly failed: 'crash' | 'hang' }[] = [];
  /** What arrives in the ticks to come. */
  readonly #beats = new Map<number, number[]>();
  readonly #signals = new Map<number, unknown[]>();

  constructor(count: number, seed: string) {
    const clock = this.#clock;
    this.#random = seededRandom(seed, clock);
    const policy = samplePolicy();
    const fleet = new Fleet({ clock, policyOf: () => policy });
    const detectors = new Map(
      ['heartbeat', 'probe', 'lifecycle'].map((name) => [name, (builtInDetectors[name] as Make)(fleet)]),
    );
    this.#detection = new Detection({ detectors, fleet, clock, log: noopLogger, metrics: noopMetrics });
    let host = new Spell(this.#random, nature.starveEveryMs, nature.starveMs);
    for (let at = 0; at < count; at += 1) {
      if (at % hostSize === 0) host = new Spell(this.#random.fork(`host ${at}`), nature.starveEveryMs, nature.starveMs);
      const { slot } = fleet.register({ id: `a.${at}`, group: 'g', instance: `i.${at}`, endpoint: 'http://10.0.0.1' });
      this.#detection.reset(slot);
      this.#agents.push(this.#newAgent(slot, host));
    }
  }

  fixed(seconds: number): Score {
    const score = new Score();
    const limitMs = seconds * 1_000;
    score.falseAlarms = this.#gaps.reduce((sum, count, ticks) => sum + (ticks * tickMs > limitMs ? count : 0), 0);
    for (const { sinceMs, failed } of this.#failures) score.add(Math.max(0, limitMs - sinceMs), failed);
    return score;
  }

  run(forMs: number): void {
    for (let nowMs = tickMs; nowMs <= forMs; nowMs += tickMs) {
      for (const agent of this.#agents) if (agent.nextAt <= nowMs) this.#live(agent, nowMs);
      this.#clock.skipTo(nowMs);
      const beats = this.#beats.get(nowMs) ?? [];
      const signals = this.#signals.get(nowMs) ?? [];
      this.#beats.delete(nowMs);
      this.#signals.delete(nowMs);
      const atMs = new Float64Array(beats.length).fill(nowMs);
      const heartbeats = { length: beats.length, slots: Uint32Array.from(beats), atMs };
      this.#note(this.#detection.tick({ nowMs, heartbeats, signals: signals as never }, nowMs), nowMs);
    }
  }

  #newAgent(slot: number, host: Spell): Agent {
    const random = this.#random;
    return {
      slot,
      host,
      pause: new Spell(random.fork(`pause ${slot}`), nature.pauseEveryMs, nature.pauseMs),
      nextAt: 0,
      sendAt: random.next() * beatMs,
      probeAt: random.next() * probeMs,
      failAt: exponential(random, nature.failEveryMs),
      failed: undefined,
      noticed: false,
      repairAt: Infinity,
      heardAt: Number.NaN,
      shaky: false,
    };
  }

  /** Everything the agent does up to `nowMs`. */
  #live(agent: Agent, nowMs: number): void {
    if (agent.failed === undefined && agent.failAt <= nowMs) this.#fail(agent);
    if (agent.repairAt <= nowMs) this.#repair(agent);
    if (agent.failed === undefined) while (agent.sendAt <= nowMs) this.#send(agent);
    while (agent.probeAt <= nowMs) {
      this.#probe(agent, agent.probeAt, { probe: 'liveness', confirming: false });
      agent.probeAt += probeMs * (0.9 + 0.2 * this.#random.next());
    }
    const acts = agent.failed === undefined ? Math.min(agent.sendAt, agent.failAt) : agent.repairAt;
    agent.nextAt = Math.min(agent.probeAt, acts);
  }

  #send(agent: Agent): void {
    const random = this.#random;
    const starved = agent.host.endOf(agent.sendAt) > agent.sendAt;
    const sentMs = agent.pause.endOf(agent.sendAt) + (starved ? exponential(random, nature.starvedSendMs) : 0);
    agent.sendAt = Math.max(sentMs, agent.sendAt) + beatMs * (1 + nature.jitter * (2 * random.next() - 1));
    if (random.next() < nature.beatLoss) return;
    const arrivesMs = sentMs + exponential(random, nature.networkMs);
    at(this.#beats, tickOf(arrivesMs)).push(agent.slot);
    this.#heard(agent, tickOf(arrivesMs));
  }

  /** The other ways to detect see the same heartbeats. */
  #heard(agent: Agent, nowMs: number): void {
    const gapMs = nowMs - agent.heardAt;
    agent.heardAt = nowMs;
    if (!(gapMs > 0)) return;
    const ticks = Math.min(gapMs / tickMs, this.#gaps.length - 1);
    this.#gaps[ticks] = (this.#gaps[ticks] as number) + 1;
    const least = this.#phiLimit(agent.slot);
    if (least !== undefined) for (const [pause, score] of this.phi) if (gapMs > least + pause) score.falseAlarms += 1;
    this.#arrivals.add(agent.slot, gapMs);
  }

  #phiLimit(slot: number): number | undefined {
    if (this.#arrivals.count(slot) < 10) return undefined;
    return this.#arrivals.meanMs(slot) + convictZ * Math.max(100, this.#arrivals.spreadMs(slot));
  }

  #probe(agent: Agent, askedMs: number, of: { readonly probe: string; readonly confirming: boolean }): void {
    const random = this.#random;
    const starved = agent.host.endOf(askedMs) > askedMs;
    const answerMs = 5 + (starved ? exponential(random, nature.starvedAnswerMs) : 0);
    const tookMs = agent.pause.endOf(askedMs) - askedMs + answerMs + exponential(random, nature.networkMs);
    const lost = random.next() < nature.probeLoss;
    const up = agent.failed === undefined && !lost && tookMs < timeoutMs;
    // That all is well is news only while something is not.
    if (up && !agent.shaky && !agent.noticed && !of.confirming && askedMs - agent.heardAt < beatMs) return;
    agent.shaky = !up;
    const refused = agent.failed === 'crash';
    const latencyMs = up ? tookMs : refused ? 1 : timeoutMs;
    const outcome = up ? 'up' : 'down';
    const receivedMs = tickOf(askedMs + latencyMs);
    const confirming = of.confirming ? { confirming: true } : {};
    const signal = { kind: 'probe', agentId: `a.${agent.slot}`, probe: of.probe, outcome, latencyMs, receivedMs };
    at(this.#signals, receivedMs).push({ slot: agent.slot, signal: { ...signal, ...confirming } });
  }

  #fail(agent: Agent): void {
    const failed = this.#random.next() < 0.5 ? 'crash' : 'hang';
    agent.failed = failed;
    // An alarm that was false a moment ago is none now.
    if (agent.noticed) this.guard.add(0, failed);
    agent.repairAt = agent.failAt + nature.repairMs;
    const sinceMs = agent.failAt - agent.heardAt;
    if (!Number.isNaN(sinceMs)) this.#failures.push({ sinceMs, failed });
    const least = this.#phiLimit(agent.slot);
    if (least !== undefined)
      for (const [pause, score] of this.phi) score.add(Math.max(0, least + pause - sinceMs), failed);
    if (failed === 'hang') return;
    const receivedMs = tickOf(agent.failAt + 500 + exponential(this.#random, 500));
    const signal = { kind: 'lifecycle', agentId: `a.${agent.slot}`, event: 'died', exitCode: 139, receivedMs };
    at(this.#signals, receivedMs).push({ slot: agent.slot, signal });
  }

  /** A new instance takes its place. */
  #repair(agent: Agent): void {
    agent.failed = undefined;
    agent.noticed = false;
    agent.sendAt = agent.repairAt;
    agent.failAt = agent.repairAt + exponential(this.#random, nature.failEveryMs);
    agent.repairAt = Infinity;
    agent.heardAt = Number.NaN;
    this.#arrivals.reset(agent.slot);
    this.#detection.reset(agent.slot);
    this.#detection.setTroubled(agent.slot, false);
  }

  #note({ raised, health, ask, confirm }: DetectionResult, nowMs: number): void {
    for (const { agentId } of raised) this.#alarm(this.#agents[Number(agentId.slice(2))] as Agent, nowMs);
    for (const { slot, to } of health) {
      const agent = this.#agents[slot] as Agent;
      if (to !== 'healthy' || agent.failed !== undefined || !agent.noticed) continue;
      agent.noticed = false;
      this.#detection.setTroubled(slot, false);
    }
    for (const slot of ask) this.#probe(this.#agents[slot] as Agent, nowMs, { probe: 'health', confirming: false });
    for (const slot of confirm) this.#probe(this.#agents[slot] as Agent, nowMs, { probe: 'health', confirming: true });
  }

  #alarm(agent: Agent, nowMs: number): void {
    if (agent.noticed) return;
    agent.noticed = true;
    this.#detection.setTroubled(agent.slot, true);
    if (agent.failed === undefined) this.guard.falseAlarms += 1;
    else this.guard.add(nowMs - agent.failAt, agent.failed);
  }
}

/** The tick that takes in what happens at `ms`. */
const tickOf = (ms: number): number => Math.ceil(ms / tickMs) * tickMs;

function at<T>(calendar: Map<number, T[]>, ms: number): T[] {
  let entries = calendar.get(ms);
  if (!entries) calendar.set(ms, (entries = []));
  return entries;
}
