import type { IncidentFacts } from '../contracts/index.ts';
import type { Reason, Rung, UseWhenRule } from '../model/index.ts';
import { rungs } from '../model/index.ts';
import type { ExpressionFacts } from '../runtime/expression.ts';
import { ask } from '../runtime/expression.ts';
import { fitsGlob } from '../runtime/glob.ts';

/**
 * The table "use when": which failure is answered how. Patterns know `*` for any run of characters and `|` between
 * alternatives; big and small letters are the same. A line of the config with the same name takes a line's place.
 */
export const useWhenTable: readonly UseWhenRule[] = [
  {
    name: 'config-reload',
    signature: '*config-reload*|*config-changed*|*stale-config*|*reload-needed*',
    prefer: 'restart',
    reason: 'a configuration has to be read again, for which a restart is enough',
  },
  {
    name: 'transient-network',
    signature: '*econnreset*|*econnrefused*|*etimedout*|*eai-again*|*enotfound*|*socket-hang-up*|*network*|*dns*',
    prefer: 'restart',
    reason: 'trouble with the network passes, and a restart connects anew',
  },
  {
    name: 'memory-leak',
    signature: '*leak*|*memory-growth*|exhaustion*memory*',
    prefer: 'restart',
    reason: 'a restart frees the memory',
  },
  {
    name: 'resource-exhaustion',
    signature: '*enospc*|*emfile*|*disk-full*|*no-space*|*too-many-open-files*|exhaustion*disk*|exhaustion*file*',
    least: 'recreate',
    reason: 'a used-up resource of the container comes back only with a fresh one',
  },
  {
    name: 'corrupted-container',
    signature: '*erofs*|*enoent*|*read-only-file-system*|*module-not-found*|*cannot-find-module*|*exec-format*',
    least: 'recreate',
    reason: 'a damaged container is replaced, not started again',
  },
  {
    name: 'persistent-errors',
    kind: 'error-rate|errors',
    when: 'recurrence >= 2',
    least: 'recreate',
    reason: 'errors that came back twice within a day outlast a restart',
  },
  {
    name: 'corruption',
    signature: '*corrupt*|*checksum*|*bad-magic*|*invalid-state*',
    least: 'respawn',
    reason: 'a corrupted agent is replaced by a new one',
  },
  {
    name: 'repeated-failure',
    // What is only foreseen or unusual has not failed: a restart is the most it may get.
    when: 'recurrence >= 3 && !(finding.kind in ["exhaustion", "anomaly", "flapping", "not-ready"])',
    least: 'respawn',
    reason: 'the same failure three times within a day needs more than what was done so far',
  },
  {
    name: 'version-upgrade',
    signature: '*version-mismatch*|*version-upgrade*|*unsupported-version*|*upgrade-required*',
    least: 'respawn',
    reason: 'another version comes with a new instance',
  },
  {
    name: 'compliance',
    label: 'compliance=*',
    approve: true,
    reason: 'its label compliance asks for a person',
  },
];

/** What the table says of a failure. */
export interface UseWhen {
  /** Lines that apply, the user's first. */
  readonly lines: readonly UseWhenRule[];
  /** The highest rung that a line asks for at least. */
  readonly least?: UseWhenRule;
  /** The gentlest rung that a line prefers; without weight beside a `least`. */
  readonly prefer?: UseWhenRule;
  readonly approve?: UseWhenRule;
  /** Lines that could not be evaluated. Of those only a wish for approval is heeded: the safer side. */
  readonly remarks: readonly Reason[];
}

/** Which lines of the table apply. Pure. */
export function useWhen(facts: IncidentFacts): UseWhen {
  const own = facts.policy.ladder.useWhen;
  const names = new Set(own.map((line) => line.name));
  const about = expressionFacts(facts);
  const lines: UseWhenRule[] = [];
  const remarks: Reason[] = [];
  let unsure: UseWhenRule | undefined;
  for (const line of [...own, ...useWhenTable.filter(({ name }) => !names.has(name))]) {
    const answer = applies(line, facts, about);
    if (answer === true) lines.push(line);
    if (typeof answer !== 'string') continue;
    remarks.push(ruleFailed(`ladder.useWhen ${line.name}`, answer, line.approve === true));
    if (line.approve) unsure ??= line;
  }
  return { lines, remarks, ...pick(lines, unsure) };
}

function pick(lines: readonly UseWhenRule[], unsure: UseWhenRule | undefined): Omit<UseWhen, 'lines' | 'remarks'> {
  const rank = (rung: Rung | undefined): number => (rung === undefined ? -1 : rungs.indexOf(rung));
  const least = lines.toSorted((a, b) => rank(b.least) - rank(a.least)).find((line) => line.least !== undefined);
  const prefer = lines.filter((line) => line.prefer !== undefined).toSorted((a, b) => rank(a.prefer) - rank(b.prefer));
  const approve = lines.find((line) => line.approve) ?? unsure;
  return {
    ...(least ? { least } : {}),
    ...(prefer[0] && !least ? { prefer: prefer[0] } : {}),
    ...(approve ? { approve } : {}),
  };
}

/** `true`, `false`, or why it cannot be said. All conditions of a line must hold; those of findings for one finding. */
function applies(line: UseWhenRule, facts: IncidentFacts, about: ExpressionFacts): boolean | string {
  const { kind, signature, label, when } = line;
  if (label !== undefined && !Object.entries(facts.agent.labels).some(([key, value]) => fits(`${key}=${value}`, label)))
    return false;
  const met = facts.findings.filter(
    (finding) =>
      (kind === undefined || fits(finding.kind, kind)) &&
      (signature === undefined || fits(finding.signature, signature)),
  );
  const aboutFindings = kind !== undefined || signature !== undefined;
  if (aboutFindings && met.length === 0) return false;
  if (when === undefined) return true;
  const answer = ask(when, aboutFindings ? { ...about, findings: met } : about);
  return answer.known ? answer.holds : answer.why;
}

function fits(text: string, patterns: string): boolean {
  const low = text.toLowerCase();
  return patterns
    .toLowerCase()
    .split('|')
    .some((pattern) => fitsGlob(low, pattern));
}

/** The words an expression may ask about, taken from the facts. */
export function expressionFacts(facts: IncidentFacts): ExpressionFacts {
  const { agent, health, findings, metrics, history, attempts } = facts;
  return {
    agent,
    health,
    findings,
    metrics,
    failures: history.failures,
    recurrence: history.recurrence,
    attempts: attempts.filter((attempt) => attempt.verdict === 'failed').length,
    signature: [...new Set(findings.map((finding) => finding.signature))].sort().join('+'),
  };
}

export function ruleFailed(what: string, why: string, heeded: boolean): Reason {
  return {
    code: 'rule-failed',
    text: `${what} could not be evaluated (${why}); it counts as ${heeded ? 'true, the safer side' : 'false'}.`,
    remedy: `Mend ${what}; ask for what may be missing first, as in "team" in agent.labels && agent.labels.team == "x".`,
  };
}
