/**
 * The only place where CEL is spoken: the expressions operators write into rules. They are bounded in size, nesting and
 * input, and know no regular expressions, so that none can hold up the guard.
 */
import { Environment } from '@marcbachmann/cel-js';
import type { Agent, AgentMetrics, Finding, Health } from '../model/index.ts';
import { metricNames } from '../model/index.ts';
import { messageOf } from '../contracts/errors.ts';
import { fitsGlob } from './glob.ts';

/** Most characters of an expression; the config schema says the same. */
const expressionMax = 1_000;
const textMax = 4_096;
const entriesMax = 64;
const compiledMax = 500;

/** What an expression may ask about. */
export interface ExpressionFacts {
  readonly agent: Agent;
  readonly health: Health;
  readonly findings: readonly Finding[];
  readonly metrics: AgentMetrics;
  /** Transitions to failed plus failed attempts in 24 h. */
  readonly failures: number;
  /** Other incidents of the same signature in 24 h. */
  readonly recurrence: number;
  /** Attempts of the incident that did not heal. */
  readonly attempts: number;
  readonly signature: string;
}

/** Whether an expression holds; `why` when that cannot be said. */
export type ExpressionAnswer =
  | { readonly known: true; readonly holds: boolean }
  | { readonly known: false; readonly why: string };

/** What is wrong with an expression, for the one who wrote it. */
export interface ExpressionFault {
  readonly why: string;
  readonly remedy: string;
}

interface Compiled {
  /** It asks about `finding`, so it is asked once for each. */
  readonly perFinding: boolean;
  run(context: Record<string, unknown>): unknown;
}

const environment = new Environment({
  limits: { maxAstNodes: 200, maxDepth: 20, maxListElements: 50, maxMapEntries: 20, maxCallArguments: 8 },
})
  .registerVariable({
    name: 'finding',
    schema: {
      kind: 'string',
      evidence: 'string',
      implies: 'string',
      detector: 'string',
      signature: 'string',
      text: 'string',
      strength: 'double',
      proven: 'bool',
      data: 'map<string, dyn>',
    },
  })
  .registerVariable({
    name: 'agent',
    schema: { id: 'string', group: 'string', role: 'string', criticality: 'int', labels: 'map<string, string>' },
  })
  .registerVariable('metrics', 'map<string, double>')
  .registerVariable('health', 'string')
  .registerVariable('signature', 'string')
  .registerVariable('failures', 'int')
  .registerVariable('recurrence', 'int')
  .registerVariable('attempts', 'int')
  .registerFunction('string.glob(string): bool', (text: string, pattern: string) => fitsGlob(text, pattern));

const names = 'finding, agent, metrics, health, signature, failures, recurrence, attempts';
/** Functions that walk a list or a map: one inside another takes the product of their lengths. */
const walking = new Set(['all', 'exists', 'exists_one', 'existsOne', 'map', 'filter', 'transformList', 'transformMap']);

/** What the grammar knows, and what a short expression can keep the guard busy with or fill its memory by. */
const forbidden: ReadonlyMap<string, ExpressionFault> = new Map([
  ['matches', { why: 'matches() is not to be had: a pattern can hold up the guard', remedy: 'use glob("*text*")' }],
  ...['split', 'join', 'bind'].map((name): [string, ExpressionFault] => [
    name,
    { why: `${name}() is not to be had: texts made of texts can fill the memory`, remedy: 'use glob("*text*")' },
  ]),
]);

/** Parsed expressions by text: parsing is pure, so that remembering it changes nothing. */
const compiled = new Map<string, Compiled | ExpressionFault>();

/** What is wrong with an expression, found without running it; `undefined` when it may be used. */
export function faultOf(expression: string): ExpressionFault | undefined {
  const found = compile(expression);
  return 'why' in found ? found : undefined;
}

/**
 * Whether an expression holds. One that asks about `finding` holds if it holds for any of them. That it holds for one
 * outweighs that it could not be evaluated for another.
 */
export function ask(expression: string, facts: ExpressionFacts): ExpressionAnswer {
  const rule = compile(expression);
  if ('why' in rule) return { known: false, why: rule.why };
  const context = contextOf(facts);
  if (!rule.perFinding) return answer(rule, context);
  let fault: ExpressionAnswer | undefined;
  for (const finding of facts.findings.slice(0, entriesMax)) {
    const one = answer(rule, { ...context, finding: findingOf(finding) });
    if (!one.known) fault = one;
    else if (one.holds) return one;
  }
  return fault ?? { known: true, holds: false };
}

function answer(rule: Compiled, context: Record<string, unknown>): ExpressionAnswer {
  try {
    const value = rule.run(context);
    return typeof value === 'boolean'
      ? { known: true, holds: value }
      : { known: false, why: `it gave ${typeof value} instead of true or false` };
  } catch (thrown) {
    return { known: false, why: firstLine(thrown) };
  }
}

function compile(expression: string): Compiled | ExpressionFault {
  const known = compiled.get(expression);
  if (known) return known;
  const made = compileAnew(expression);
  if (compiled.size >= compiledMax) compiled.clear();
  compiled.set(expression, made);
  return made;
}

function compileAnew(expression: string): Compiled | ExpressionFault {
  if (expression.length > expressionMax)
    return { why: `it has ${expression.length} characters`, remedy: `write at most ${expressionMax}` };
  try {
    const parsed = environment.parse(expression);
    const seen = { finding: false, fault: undefined as ExpressionFault | undefined };
    walk(parsed.ast, false, seen);
    if (seen.fault) return seen.fault;
    const checked = parsed.check();
    if (!checked.valid) return { why: firstLine(checked.error), remedy: `ask about ${names}; see "Rules" in the docs` };
    if (checked.type !== 'bool')
      return { why: `it gives ${checked.type}`, remedy: 'compare with something, so that it gives true or false' };
    return { perFinding: seen.finding, run: (context) => parsed(context) as unknown };
  } catch (thrown) {
    return { why: firstLine(thrown), remedy: 'write it as in finding.kind == "errors" && finding.text.glob("*disk*")' };
  }
}

interface Seen {
  finding: boolean;
  fault: ExpressionFault | undefined;
}

/** Looks for what the grammar allows and a guard must not: regular expressions, and loops in loops. */
function walk(node: unknown, looping: boolean, seen: Seen): void {
  if (Array.isArray(node)) {
    for (const one of node) walk(one, looping, seen);
    return;
  }
  if (!isNode(node)) return;
  const { op, args } = node;
  if (op === 'id' && args === 'finding') seen.finding = true;
  const name = op === 'call' || op === 'rcall' ? (args as readonly unknown[])[0] : undefined;
  const banned = typeof name === 'string' ? forbidden.get(name) : undefined;
  if (banned) seen.fault = banned;
  const loops = typeof name === 'string' && walking.has(name);
  if (loops && looping) seen.fault = { why: 'a loop stands inside a loop', remedy: 'write two rules' };
  walk(args, looping || loops, seen);
}

function isNode(value: unknown): value is { readonly op: unknown; readonly args: unknown } {
  return typeof value === 'object' && value !== null && 'op' in value && 'args' in value;
}

function contextOf(facts: ExpressionFacts): Record<string, unknown> {
  const { agent, health, metrics, failures, recurrence, attempts, signature } = facts;
  const figures = metricNames.flatMap((name) => (metrics[name] === undefined ? [] : [[name, metrics[name]] as const]));
  return {
    agent: {
      id: agent.id,
      group: agent.group,
      role: agent.role ?? '',
      criticality: BigInt(agent.criticality),
      labels: Object.fromEntries(
        Object.entries(agent.labels)
          .slice(0, entriesMax * 4)
          .map(([key, value]) => [key, short(value)]),
      ),
    },
    metrics: Object.fromEntries(figures),
    health,
    signature: short(signature),
    failures: BigInt(Math.trunc(failures)),
    recurrence: BigInt(Math.trunc(recurrence)),
    attempts: BigInt(Math.trunc(attempts)),
  };
}

function findingOf(finding: Finding): Record<string, unknown> {
  const { kind, evidence, implies, detector, signature, text, strength, proven = false } = finding;
  const plain = Object.entries(finding.data ?? {})
    .filter(([, value]) => typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean')
    .slice(0, entriesMax)
    .map(([key, value]) => [key, typeof value === 'string' ? short(value) : value]);
  return {
    kind,
    evidence,
    implies,
    detector,
    signature: short(signature),
    text: short(text),
    strength,
    proven,
    data: Object.fromEntries(plain),
  };
}

function short(text: string): string {
  return text.length > textMax ? text.slice(0, textMax) : text;
}

/** The library draws the place below the message; one line is enough for a sentence. */
function firstLine(thrown: unknown): string {
  return (messageOf(thrown).split('\n')[0] ?? '').trim();
}
