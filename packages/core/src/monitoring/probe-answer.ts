import type { ProbeName } from '../model/index.ts';
import { metricNames } from '../model/index.ts';
import { metricsProblem } from './heartbeat-check.ts';
import type { ProbeAnswer } from './prober.ts';

/** Dependencies kept of a readiness answer. */
const checksMax = 50;
const checkNameMax = 100;

type Parts = Pick<ProbeAnswer, 'outcome' | 'statusCode' | 'detail' | 'checks' | 'metrics'>;

/**
 * What an HTTP answer means. The status decides; the body adds figures, the names of failed dependencies, or what is
 * wrong with it. A readiness answer that says `"ready": false` is not ready whatever its status is.
 */
export function readAnswer(probe: ProbeName, statusCode: number, body: string): Parts {
  // An agent need not offer these two: what is not there says nothing of it.
  if (statusCode === 404 && (probe === 'readiness' || probe === 'performance')) {
    return { outcome: 'unknown', statusCode, detail: `the agent offers no ${probe} probe` };
  }
  const up = statusCode >= 200 && statusCode < 300;
  const bare: Parts = { outcome: up ? 'up' : 'down', statusCode, ...(up ? {} : { detail: `answered ${statusCode}` }) };
  if (probe !== 'readiness' && probe !== 'performance') return bare;
  const parsed = parse(body);
  if (parsed === undefined) return { ...bare, detail: `answered ${statusCode} with a body that is not a JSON object` };
  return probe === 'readiness' ? readiness(bare, parsed) : performance(bare, parsed);
}

/**
 * What a command meant and printed. How it ended decides; a JSON object it printed adds what an HTTP answer would say.
 * @param failure how it failed; absent when it ended well.
 */
export function readPrinted(probe: ProbeName, failure: string | undefined, stdout: string): Parts {
  const bare: Parts = failure === undefined ? { outcome: 'up' } : { outcome: 'down', detail: failure };
  if (probe !== 'readiness' && probe !== 'performance') return bare;
  const parsed = parse(stdout);
  if (parsed !== undefined)
    return probe === 'readiness' ? { ...readiness(bare, parsed), ...told(failure) } : performance(bare, parsed);
  return probe === 'readiness' || failure !== undefined ? bare : { ...bare, detail: 'it did not print a JSON object' };
}

function told(failure: string | undefined): Parts | Record<string, never> {
  return failure === undefined ? {} : { outcome: 'down', detail: failure };
}

function readiness(bare: Parts, body: Readonly<Record<string, unknown>>): Parts {
  const checks = checksOf(body['checks']);
  const failed = Object.entries(checks).flatMap(([name, good]) => (good ? [] : [name]));
  const outcome = bare.outcome === 'up' && body['ready'] === false ? 'down' : bare.outcome;
  const named = failed.length > 0 ? `not ready: ${failed.join(', ')}` : 'not ready';
  return {
    ...bare,
    outcome,
    ...(outcome === 'down' ? { detail: named } : {}),
    ...(Object.keys(checks).length > 0 ? { checks } : {}),
  };
}

function checksOf(value: unknown): { readonly [name: string]: boolean } {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return {};
  const checks = Object.entries(value).filter((entry): entry is [string, boolean] => typeof entry[1] === 'boolean');
  return Object.fromEntries(checks.slice(0, checksMax).map(([name, good]) => [name.slice(0, checkNameMax), good]));
}

/** Every figure that is a good number is taken; a bad one is left out and named. */
function performance(bare: Parts, body: Readonly<Record<string, unknown>>): Parts {
  const metrics: { [name: string]: number } = {};
  const wrong: string[] = [];
  for (const name of metricNames) {
    const value = body[name];
    if (value === undefined || value === null) continue;
    const why = metricsProblem({ [name]: value });
    if (why === undefined) metrics[name] = value as number;
    else wrong.push(why);
  }
  return {
    ...bare,
    ...(Object.keys(metrics).length > 0 ? { metrics } : {}),
    ...(wrong.length > 0 ? { detail: wrong.join('; ') } : {}),
  };
}

function parse(body: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(body);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Record<string, unknown>)
      : undefined;
  } catch {
    // Not JSON: said in the answer's detail by the caller.
    return undefined;
  }
}
