import type { Clock, Grant, StoreOp } from '../../contracts/index.ts';
import type {
  AgentId,
  FleetBreaker,
  Hold,
  Incident,
  IncidentId,
  Intent,
  Ms,
  Receipt,
  TimelineEntry,
} from '../../model/index.ts';
import { covers, reasonCodes, transitions } from '../../model/index.ts';
import { BreakerWitness } from './breaker-witness.ts';
import { BudgetWitness } from './budget-witness.ts';
import type { Recorder } from './recorder.ts';
import type { Scenario } from './scenario.ts';
import { settleMs } from './scenario.ts';
import { WorldBook } from './world-book.ts';
import { isOrdered, WorldWitness } from './world-witness.ts';

/** An agent is not innocent for this long after its last fault. */
const shadowMs: Ms = 60_000;
/** A commit takes as long as this. */
const commitMs: Ms = 2_500;
const harmless: ReadonlySet<string> = new Set(['isolate', 'reinstate']);

interface Kept {
  readonly incident: Incident;
  /** The agent suffered when it was opened. */
  readonly deserved: boolean;
  readonly openedMs: Ms;
  /** When the attempt that is under way was stored first. */
  readonly begunMs: Ms;
}

interface KeptHold {
  readonly hold: Hold;
  /** By the monotonic clock. */
  readonly untilMs: Ms;
}

/**
 * Looks over the guard's shoulder, at the calls it makes on store and orchestrator, and holds them against the
 * promises I1–I6 and I8. It believes nothing the guard says of itself.
 */
export class Witness {
  readonly incidents = new Map<IncidentId, Kept>();
  readonly book: WorldBook;
  readonly #world: WorldWitness;
  readonly #budgets: BudgetWitness;
  readonly #scenario: Scenario;
  readonly #clock: Clock;
  readonly #recorder: Recorder;
  readonly #groupOf = new Map<AgentId, string>();
  readonly #holds = new Map<string, KeptHold>();
  /** Who said yes to an incident's plan, or ordered something for an agent. */
  readonly #persons = new Map<string, Set<string>>();
  readonly #breakers = new BreakerWitness();
  readonly #running = new Map<AgentId, string>();
  readonly #guilty = new Map<AgentId, Ms>();
  #bootedMs: Ms = 0;

  constructor(scenario: Scenario, clock: Clock, recorder: Recorder) {
    this.#scenario = scenario;
    this.#clock = clock;
    this.#recorder = recorder;
    this.book = new WorldBook(clock);
    this.#budgets = new BudgetWitness(scenario, clock);
    const openedMs = (agentId: AgentId): Ms | undefined => this.#openedMs(agentId);
    this.#world = new WorldWitness({ scenario, clock, book: this.book, openedMs });
    for (const group of scenario.groups) for (const agentId of group.agents) this.#groupOf.set(agentId, group.id);
  }

  booted(): void {
    this.#bootedMs = this.#clock.monotonic();
    this.book.booted();
    // What was written down holds by the wall clock as a new guard finds it, be it set on meanwhile.
    const [nowMs, now] = [this.#bootedMs, this.#clock.now()];
    for (const [key, { hold, untilMs }] of this.#holds)
      this.#holds.set(key, { hold, untilMs: Math.min(untilMs, nowMs + hold.until - now) });
  }

  /** A person wants it, of an incident or of an agent. */
  wanted(what: string, by: string): void {
    this.#persons.set(what, (this.#persons.get(what) ?? new Set()).add(by));
  }

  /** The agent suffers, at least for so long. */
  blame(agentId: AgentId, forMs: Ms): void {
    const until = this.#clock.monotonic() + forMs;
    this.#guilty.set(agentId, Math.max(until, this.#guilty.get(agentId) ?? 0));
  }

  committed(ops: readonly StoreOp[], answered: boolean): void {
    for (const op of ops) {
      if (op.op === 'put' && op.key.includes('/incident/')) this.#incident(op.value as unknown as Incident, ops);
      else if (op.op === 'put' && op.key.startsWith('hold/') && answered)
        this.#keepHold(op.key, op.value as unknown as Hold);
      else if (op.op === 'delete' && op.key.startsWith('hold/')) this.#holds.delete(op.key);
      else if (op.op === 'put' && op.key.includes('/breaker/'))
        this.#breaker(op.key, op.value as unknown as FleetBreaker);
      else if (op.op === 'put' && op.key.includes('/timeline/')) this.#entry(op.value as unknown as TimelineEntry);
    }
  }

  called(intent: Intent, grant: Grant): void {
    const { key, action, affects } = intent;
    this.#recorder.line(`execute ${key} ${action.kind} on ${affects.join(', ')}`);
    if (grant.key !== key) this.#recorder.violate('I2', `grant ${grant.key} for intent ${key}`);
    const incident = this.#journaled(key);
    if (!incident) return;
    for (const agentId of affects) this.#mayTouch(agentId, key);
    if (this.#clock.monotonic() - this.#bootedMs < settleMs)
      this.#recorder.violate('I6', `${key} within ${settleMs} ms of the guard's start`);
    this.#modeAllows(incident, intent);
    const past = this.#breakers.objection(incident, intent);
    if (past) this.#recorder.violate('I6', `${key}: ${past}`);
    if (harmless.has(action.kind)) return;
    this.#deserved(incident, key);
    const begunMs = this.incidents.get(incident.id)?.begunMs ?? this.#clock.monotonic();
    const why = this.#world.objection({ incident, intent, begunMs });
    if (why) this.#recorder.violate('I6', `${key}: ${why}`);
  }

  /** It lasts as long as it was placed for, whatever the wall clock does meanwhile; it was placed before it was stored. */
  #keepHold(key: string, hold: Hold): void {
    this.#holds.set(key, { hold, untilMs: this.#clock.monotonic() + (hold.until - hold.at) - commitMs });
  }

  began(intent: Intent): void {
    for (const agentId of intent.affects) this.#running.set(agentId, intent.key);
  }

  ended(intent: Intent, receipt: Receipt): void {
    for (const agentId of intent.affects) if (this.#running.get(agentId) === intent.key) this.#running.delete(agentId);
    this.#recorder.line(`the world ended ${intent.key}: ${receipt.result}`);
  }

  repeated(intent: Intent): void {
    this.#recorder.violate('I3', `${intent.key} is executed again although it was done and holds`);
  }

  /** I2: what is executed stands in the stored incident as started, under that key. */
  #journaled(key: string): Incident | undefined {
    const incident = this.incidents.get(key.split('/')[0] as string)?.incident;
    const attempt = incident?.state === 'acting' ? incident.attempt : undefined;
    const step = attempt?.steps.find((one) => one.state === 'started' && one.key === key);
    if (incident && step) return incident;
    if (incident?.leftovers?.some(({ under }) => under?.key === key)) return incident;
    this.#recorder.violate('I2', `${key} is executed and not journaled (incident ${incident?.state ?? 'unknown'})`);
    return undefined;
  }

  /** I1 and I6: nobody else acts on it now, and nobody holds it. */
  #mayTouch(agentId: AgentId, key: string): void {
    const other = this.#running.get(agentId);
    if (other !== undefined && other !== key) this.#recorder.violate('I1', `${key} while ${other} acts on ${agentId}`);
    const nowMs = this.#clock.monotonic();
    const group = this.#groupOf.get(agentId) ?? '';
    const covering = (one: KeptHold): boolean => one.untilMs > nowMs && covers(one.hold, agentId, group, -Infinity);
    const { hold } = [...this.#holds.values()].find(covering) ?? {};
    if (hold) this.#recorder.violate('I6', `${key} on ${agentId} under hold ${hold.id}`);
  }

  /** I6: as many persons as it needs wanted what is not the guard's own to do. */
  #modeAllows(incident: Incident, { key, action }: Intent): void {
    const mode = this.#scenario.groups.find((group) => group.id === incident.group)?.mode ?? 'auto';
    if (!isOrdered(incident)) {
      if (mode !== 'auto') this.#recorder.violate('I6', `${key} in mode ${mode}, and nobody ordered it`);
      return;
    }
    if (harmless.has(action.kind)) return;
    const persons = [incident.id, incident.agentId].flatMap((what) => [...(this.#persons.get(what) ?? [])]);
    const count = new Set(persons).size;
    if (count < this.#scenario.quorum)
      this.#recorder.violate('I6', `${key}: ${count} of ${this.#scenario.quorum} persons wanted it`);
  }

  /** I4: it suffered, now or when the incident began; or a person wanted it. */
  #deserved(incident: Incident, key: string): void {
    if (isOrdered(incident)) return;
    if (this.isGuilty(incident.agentId) || this.incidents.get(incident.id)?.deserved) return;
    this.#recorder.violate('I4', `${key}: nothing was ever wrong with ${incident.agentId}`);
  }

  /** It suffers or suffered lately, or does not run. */
  isGuilty(agentId: AgentId): boolean {
    if (this.book.since(agentId, 'exited') !== undefined) return true;
    return this.#clock.monotonic() <= (this.#guilty.get(agentId) ?? -Infinity) + shadowMs;
  }

  #incident(incident: Incident, ops: readonly StoreOp[]): void {
    const kept = this.incidents.get(incident.id);
    const before = kept?.incident;
    const line = ops.find((op) => op.op === 'put' && op.key.includes(`/timeline/${incident.id}/`));
    const entry = line?.op === 'put' ? (line.value as unknown as TimelineEntry) : undefined;
    this.#recorder.line(
      `commit ${incident.id} of ${incident.agentId} v${incident.version} ${incident.state}: ${entry?.type ?? 'no line'} – ${entry?.reason.text ?? ''}`,
    );
    this.#contiguous(before, incident, entry);
    const isNew = incident.state === 'acting' && numberOf(before) !== incident.attempt.number;
    const known = kept ?? this.#opened(incident);
    this.incidents.set(incident.id, { ...known, incident, ...(isNew ? { begunMs: this.#clock.monotonic() } : {}) });
    if (isNew) this.#begins(incident);
  }

  #opened(incident: Incident): Kept {
    const nowMs = this.#clock.monotonic();
    return { incident, deserved: this.isGuilty(incident.agentId), openedMs: nowMs, begunMs: nowMs };
  }

  #openedMs(agentId: AgentId): Ms | undefined {
    for (const { incident, openedMs } of this.incidents.values())
      if (incident.agentId === agentId && incident.state !== 'resolved') return openedMs;
    return undefined;
  }

  #breaker(key: string, breaker: FleetBreaker): void {
    this.#breakers.stored(key, breaker);
    this.#recorder.line(`commit ${key}: ${breaker.state}, trip ${breaker.trips}`);
  }

  /** I5 and I6: another attempt has its place in all budgets and among those in flight. */
  #begins(incident: Extract<Incident, { state: 'acting' }>): void {
    for (const text of this.#budgets.begins(incident)) this.#recorder.violate('I5', `${incident.id}: ${text}`);
    this.#canariesAllowed(incident);
    const { group, attempt } = incident;
    // What people agreed to does not wait its turn.
    if (isOrdered(incident)) return;
    if (attempt.plan.contain !== undefined || attempt.plan.rung === 'escalate') return;
    const size = this.#scenario.groups.find(({ id }) => id === group)?.agents.length ?? 1;
    const most = Math.max(1, Math.floor(size * this.#scenario.inFlight));
    const flying = [...this.incidents.values()].filter(
      ({ incident: other }) => other.group === group && other.state === 'acting',
    ).length;
    if (flying > most) this.#recorder.violate('I6', `${incident.id}: ${flying} recoveries at once in ${group}`);
  }

  /** I6: no more canaries at once than the half-open fleet breaker allows. */
  #canariesAllowed({ id, group }: Incident): void {
    const all = [...this.incidents.values()].map(({ incident }) => incident);
    const many = this.#breakers.tooMany(group, all, this.#clock.now());
    if (many) this.#recorder.violate('I6', `${id}: ${many}`);
  }

  /** I8: versions count up by one, each with its line, and states change by the table. */
  #contiguous(before: Incident | undefined, after: Incident, entry: TimelineEntry | undefined): void {
    const { id, version } = after;
    const follows = (before?.version ?? 0) + 1;
    if (version !== follows) this.#recorder.violate('I8', `${id}: version ${version}, not ${follows}`);
    if (entry?.seq !== version) this.#recorder.violate('I8', `${id} v${version} has no line of that number`);
    if (!before || transitions[before.state].includes(after.state)) return;
    // Closing goes by way of open, in one line.
    const closes = after.state === 'resolved' && (after.outcome === 'operator' || after.outcome === 'removed');
    if (!closes) this.#recorder.violate('I8', `${id}: ${before.state} → ${after.state}`);
  }

  #entry(entry: TimelineEntry): void {
    const { code, text } = entry.reason;
    const known = Object.hasOwn(reasonCodes, code) || code.includes('/');
    if (!known || text.trim() === '')
      this.#recorder.violate('I8', `${entry.incidentId} line ${entry.seq}: "${code}", "${text}"`);
  }
}

function numberOf(incident: Incident | undefined): number {
  return incident?.state === 'acting' ? incident.attempt.number : 0;
}
