import type { AgentSlot, Detector, Evaluation, FleetView, SignalBatch, Suspicion } from '../../contracts/index.ts';
import { formatDuration, type ErrorSignal, type ErrorsPolicy, type Ms } from '../../model/index.ts';
import type { Pattern } from './drain.ts';
import { Drain, slugOf } from './drain.ts';
import { ErrorWindow, otherPatterns } from './error-window.ts';
import { maskedTokens } from './mask.ts';

/** A pattern is new for this long after it was first seen. */
const newForMs: Ms = 600_000;
/** A pattern names the failure from this share of the errors on, and keeps its name down to the lower one. */
const nameShare = 0.5;
const keepNameShare = 0.25;
/** What was raised without a name gets one from this share on: two kinds that take turns are not two failures by turns. */
const renameShare = 0.75;
/** Of the patterns in the window a finding carries the most frequent ones, for rules that ask for them. */
const patternsShown = 5;
/** While it stands it carries also those it has carried, up to this many: each is looked at once, however they take turns. */
const patternsKept = 16;

interface State {
  readonly window: ErrorWindow;
  raised: boolean;
  /** The pattern that names the failure while it is raised; `undefined`: none makes up enough of it. */
  named: number | undefined;
  /** Patterns the finding carries while it is raised. */
  shown: ReadonlySet<number>;
}

/** Why so many errors are a suspicion. */
interface Judged {
  readonly errors: number;
  /** The patterns to be shown. */
  readonly shown: ReadonlySet<number>;
  readonly top: Pattern | undefined;
  /** It names the failure. */
  readonly isNamed: boolean;
  readonly novel: boolean;
  readonly burst: boolean;
}

/**
 * Suspects an agent by the errors it reports and the error lines of its log: by their number (rate), sooner when they
 * are of a pattern nobody has shown before (novelty), or many more than is usual for this agent (burst). Patterns are
 * mined by Drain over the whole fleet; the most frequent one names the failure.
 *
 * Suspected from `min` errors in `window` on; from `novelMin` of one new pattern; from half of `min` when that is
 * `burst` times what is usual. Cleared below half of what raised it, and when the instance is started anew.
 */
export class ErrorsDetector implements Detector {
  readonly consumes = ['error', 'lifecycle'] as const;
  readonly #fleet: FleetView;
  readonly #drain = new Drain();
  /** Type of the errors of a pattern, if they have one. */
  readonly #types = new Map<number, string>();
  /** Only agents that reported an error lately, or usually do. */
  readonly #states = new Map<AgentSlot, State>();
  /** When the first error was seen: before the fleet is known a while, everything would be new. */
  #sinceMs: Ms | undefined;

  constructor({ fleet }: { readonly fleet: FleetView }) {
    this.#fleet = fleet;
  }

  observe({ signals, nowMs }: SignalBatch): void {
    for (const { slot, signal } of signals) {
      if (signal.kind === 'error') this.#count(slot, signal, nowMs);
      else if (signal.kind === 'lifecycle' && (signal.event === 'started' || signal.event === 'restarted'))
        this.#begin(slot);
    }
  }

  evaluate(due: readonly AgentSlot[], nowMs: Ms): readonly Evaluation[] {
    const evaluations: Evaluation[] = [];
    for (const slot of due) {
      const state = this.#states.get(slot);
      const policy = this.#fleet.agent(slot)?.policy.errors;
      if (!state || !policy) continue;
      const judged = this.#judge(state, policy, nowMs);
      state.raised = isRaised(judged, policy, state.raised ? 2 : 1);
      state.named = judged.isNamed ? judged.top?.id : undefined;
      state.shown = state.raised ? judged.shown : none;
      const over = state.window.isForgettable;
      if (over) this.#states.delete(slot);
      evaluations.push({
        slot,
        suspicions: state.raised ? [this.#suspicion(judged, policy)] : [],
        ...(over ? {} : { wakeAtMs: state.window.changesAtMs(nowMs) }),
      });
    }
    return evaluations;
  }

  reset(slot: AgentSlot): void {
    this.#states.delete(slot);
  }

  #count(slot: AgentSlot, { type = '', message, count, receivedMs }: ErrorSignal, nowMs: Ms): void {
    const policy = this.#fleet.agent(slot)?.policy.errors;
    if (!policy) return;
    this.#sinceMs ??= nowMs;
    const name = namedAs(type);
    // The type leads: what has another type is another failure, however much the words are alike.
    const words = maskedTokens(message);
    const pattern = this.#drain.add(name === '' ? words : [name, ...words], nowMs);
    if (name !== '') this.#types.set(pattern.id, name);
    if (this.#types.size > 2 * this.#drain.size + 100) this.#forgetTypes();
    const state = this.#states.get(slot) ?? {
      window: new ErrorWindow(policy.windowMs, nowMs),
      raised: false,
      named: undefined,
      shown: none,
    };
    this.#states.set(slot, state);
    state.window.count(pattern.id, count, receivedMs);
  }

  /** Started again, by whomever: its errors were those of the life before. */
  #begin(slot: AgentSlot): void {
    const state = this.#states.get(slot);
    if (!state) return;
    state.window.clear();
    state.raised = false;
    state.named = undefined;
    state.shown = none;
  }

  #forgetTypes(): void {
    for (const id of this.#types.keys()) if (!this.#drain.pattern(id)) this.#types.delete(id);
  }

  #judge(state: State, policy: ErrorsPolicy, nowMs: Ms): Judged {
    const totals = state.window.totals(nowMs);
    let errors = 0;
    let novelErrors = 0;
    for (const [id, count] of totals) {
      errors += count;
      if (this.#isNew(id, nowMs)) novelErrors = Math.max(novelErrors, count);
    }
    const { usual } = state.window;
    return {
      errors,
      shown: shownOf(totals, state.shown),
      ...this.#nameOf(totals, errors, state),
      novel: novelErrors >= policy.novelMin,
      burst: usual !== undefined && errors > 0 && errors >= policy.burst * usual,
    };
  }

  /** In an order that does not change with their numbers. */
  #texts(shown: ReadonlySet<number>): string {
    const texts = [...shown].flatMap((id) => this.#drain.pattern(id)?.words.join(' ').slice(0, 200) ?? []);
    return texts.toSorted().join(' | ');
  }

  /** The most frequent pattern, or the one that has named the failure so far. */
  #nameOf(
    totals: ReadonlyMap<number, number>,
    errors: number,
    { raised, named }: State,
  ): Pick<Judged, 'top' | 'isNamed'> {
    const shareOf = (id: number): number => (totals.get(id) ?? 0) / errors;
    if (raised && named !== undefined && shareOf(named) >= keepNameShare)
      return { top: this.#drain.pattern(named), isNamed: true };
    let topId = otherPatterns;
    for (const id of totals.keys()) if (id !== otherPatterns && shareOf(id) > shareOf(topId)) topId = id;
    const top = this.#drain.pattern(topId);
    const least = raised && named === undefined ? renameShare : nameShare;
    return { top, isNamed: top !== undefined && shareOf(topId) >= least };
  }

  #isNew(id: number, nowMs: Ms): boolean {
    const pattern = this.#drain.pattern(id);
    const known = this.#sinceMs !== undefined && nowMs - this.#sinceMs >= newForMs;
    return known && pattern !== undefined && nowMs - pattern.firstSeenMs < newForMs;
  }

  #suspicion(judged: Judged, policy: ErrorsPolicy): Suspicion {
    const { errors, top, novel, burst } = judged;
    const { name, slug, pattern } = this.#named(judged);
    const how = [...(novel ? ['never seen before'] : []), ...(burst ? ['many more than usual'] : [])];
    const because = [`suspicious from ${policy.min}`, ...how].join('; ');
    return {
      kind: 'errors',
      evidence: 'errors',
      implies: 'degraded',
      strength: novel || burst ? 0.7 : 0.6,
      text: `${errors} errors in ${formatDuration(policy.windowMs)}${name} (${because})`,
      signature: slug === '' ? 'errors' : `errors:${slug}`,
      data: { errors, novel, burst, patterns: this.#texts(judged.shown), ...(top ? { pattern } : {}) },
    };
  }

  /** The failure is named after its most frequent pattern, if that makes up enough of it. */
  #named({ top, isNamed }: Judged): {
    readonly name: string;
    readonly slug: string;
    readonly pattern: string;
  } {
    const type = top && this.#types.get(top.id);
    const pattern = (top?.words.slice(type === undefined ? 0 : 1) ?? []).join(' ').slice(0, 500);
    if (!top || !isNamed) return { name: '', slug: '', pattern };
    return {
      name: `, most of them ${type ?? `"${pattern.slice(0, 200)}"`}`,
      slug: type ?? slugOf(top.words),
      pattern,
    };
  }
}

const none: ReadonlySet<number> = new Set();

function shownOf(totals: ReadonlyMap<number, number>, before: ReadonlySet<number>): ReadonlySet<number> {
  const byNumber = [...totals].filter(([id]) => id !== otherPatterns).toSorted((a, b) => b[1] - a[1] || a[0] - b[0]);
  const newest = byNumber.slice(0, patternsShown).map(([id]) => id);
  return new Set([...before, ...newest].slice(0, patternsKept));
}

/** @param ease 2 once it is raised: it has to fall below half of what raised it. */
function isRaised({ errors, novel, burst }: Judged, { min, novelMin }: ErrorsPolicy, ease: 1 | 2): boolean {
  if (errors >= min / ease) return true;
  if (errors >= novelMin / ease && novel) return true;
  return burst && errors >= min / 2 / ease;
}

/** A type as it may stand in a signature: letters only, so that ids and numbers in it do not make it another failure. */
function namedAs(type: string): string {
  return type
    .replaceAll(/[^A-Za-z]+/g, '-')
    .replace(/^-|-$/g, '')
    .slice(0, 60);
}
