import { isGuardError, messageOf } from '../contracts/errors.ts';
import type { Clock, Logger } from '../contracts/call.ts';
import type { Agent, Instance, Ms } from '../model/index.ts';
import { withDeadline } from '../runtime/deadline.ts';
import type { TlsOptions } from '../runtime/tls-trust.ts';
import { exchange, type HttpAnswer, type HttpQuestion } from './http-exchange.ts';

/** What an agent answered to a call of the guard. */
export type AgentReply =
  | { readonly ok: true }
  /** It does not know the call (404, 405, 501): a lack, not a fault. */
  | { readonly ok: false; readonly unsupported: true; readonly text: string }
  | { readonly ok: false; readonly unsupported: false; readonly retryable: boolean; readonly text: string };

/** The state of an agent, as it hands it out and takes it back. */
export interface AgentState {
  readonly bytes: Uint8Array;
  readonly contentType: string;
}

export type StateReply = Exclude<AgentReply, { ok: true }> | { readonly ok: true; readonly state: AgentState };

/** The incarnation that is asked. */
export interface AgentTarget {
  readonly agent: Agent;
  readonly instance: Instance;
}

/**
 * The guard's side of the calls an agent may offer. An agent's bad answer, silence, or an address that is not allowed
 * is a reply, never a throw; so is the abort of `signal`.
 */
export interface AgentClient {
  /** `GET /state`. */
  fetchState(target: AgentTarget, signal: AbortSignal): Promise<StateReply>;
  /** `PUT /state`: the same state twice has the effect of once. */
  putState(target: AgentTarget, state: AgentState, signal: AbortSignal): Promise<AgentReply>;
  /** `POST /drain`: finish what you have, for at most `forMs`, and take nothing new. */
  drain(target: AgentTarget, forMs: Ms, signal: AbortSignal): Promise<AgentReply>;
  /** `POST /promote`: be the primary of `epoch`; `fence` is the token to reject older orders by. */
  promote(
    target: AgentTarget,
    order: { readonly epoch: number; readonly fence: number },
    signal: AbortSignal,
  ): Promise<AgentReply>;
}

/** Whether the guard may call an endpoint; `url` and `address` are what was checked, and is called; `tls`: whom it trusts. */
export type EndpointCheck = (
  endpoint: string,
  agent: Agent,
) => Promise<
  | { readonly allowed: true; readonly url?: URL; readonly address?: string; readonly tls?: TlsOptions }
  | { readonly allowed: false; readonly why: string }
>;

/** Paths on the agent's endpoint. */
export interface AgentPaths {
  readonly state: string;
  readonly drain: string;
  readonly promote: string;
}

export interface HttpAgentClientDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly endpointAllowed: EndpointCheck;
  /** Paths of an agent that uses others [`/state`, `/drain`, `/promote`]. */
  readonly pathsOf?: (agent: Agent) => AgentPaths;
  /** Most bytes of a state [64 MiB]. */
  readonly maxStateBytes?: number;
}

const defaultPaths: AgentPaths = { state: '/state', drain: '/drain', promote: '/promote' };
const defaultMaxStateBytes = 64 * 1024 * 1024;
/** Most bytes read of an answer that is only a confirmation; the rest of it is not waited for. */
const confirmationBytes = 4 * 1024;
const stateTimeoutMs: Ms = 30_000;
const promoteTimeoutMs: Ms = 10_000;
/** Added to the time an agent was given to drain, for its answer. */
const drainSlackMs: Ms = 2_000;
/** Answers that mean the agent does not offer the call. */
const unsupportedStatus = new Set([404, 405, 501]);
/** Answers after which the same call may succeed later. */
const retryableStatus = new Set([408, 425, 429, 500, 502, 503, 504]);

/** One call, before the address is known. */
interface Ask {
  readonly path: keyof AgentPaths;
  readonly method: HttpQuestion['method'];
  readonly timeoutMs: Ms;
  readonly body?: Uint8Array;
  readonly contentType?: string;
  /** Most bytes of the answer. */
  readonly maxBytes: number;
}

/** Calls agents over their own HTTP side. Redirects are not followed, and every call has a deadline. */
export function httpAgentClient(deps: HttpAgentClientDeps): AgentClient {
  const maxStateBytes = deps.maxStateBytes ?? defaultMaxStateBytes;
  const confirm = async (target: AgentTarget, ask: Omit<Ask, 'maxBytes'>, signal: AbortSignal): Promise<AgentReply> => {
    const answer = await asked(deps, target, { ...ask, maxBytes: confirmationBytes }, signal);
    return 'ok' in answer ? answer : confirmation(answer);
  };
  return {
    fetchState: async (target, signal) => {
      const ask: Ask = { path: 'state', method: 'GET', timeoutMs: stateTimeoutMs, maxBytes: maxStateBytes };
      const answer = await asked(deps, target, ask, signal);
      return 'ok' in answer ? answer : stateOf(answer, maxStateBytes);
    },
    putState: (target, state, signal) => {
      const { bytes: body, contentType } = state;
      return confirm(target, { path: 'state', method: 'PUT', timeoutMs: stateTimeoutMs, body, contentType }, signal);
    },
    drain: (target, forMs, signal) =>
      confirm(target, { path: 'drain', method: 'POST', timeoutMs: forMs + drainSlackMs, ...json({ forMs }) }, signal),
    promote: (target, order, signal) =>
      confirm(
        target,
        {
          path: 'promote',
          method: 'POST',
          timeoutMs: promoteTimeoutMs,
          ...json({ epoch: order.epoch, fence: order.fence }),
        },
        signal,
      ),
  };
}

type Refusal = Exclude<AgentReply, { ok: true }>;

function failed(retryable: boolean, text: string): Refusal {
  return { ok: false, unsupported: false, retryable, text };
}

function json(value: object): { readonly body: Uint8Array; readonly contentType: string } {
  return { body: new TextEncoder().encode(JSON.stringify(value)), contentType: 'application/json' };
}

/** Asks, within the deadline, at an address that is allowed. */
async function asked(
  deps: HttpAgentClientDeps,
  target: AgentTarget,
  ask: Ask,
  signal: AbortSignal,
): Promise<HttpAnswer | Refusal> {
  const { agent, instance } = target;
  const what = `${ask.method} ${pathOf(deps, agent, ask)}`;
  const work = async (within: AbortSignal): Promise<HttpAnswer | Refusal> => {
    const where = await located(deps, target, ask);
    if ('ok' in where) return where;
    return exchange({ ...where, method: ask.method, maxBytes: ask.maxBytes, signal: within, ...bodyOf(ask) });
  };
  try {
    return await withDeadline(deps.clock, work, ask.timeoutMs, { what, signal });
  } catch (thrown) {
    const text = signal.aborted
      ? `${what} was cancelled`
      : isGuardError(thrown, 'GUARD_DEADLINE')
        ? thrown.message
        : `${what} failed: ${messageOf(thrown)}`;
    deps.log.debug({ agentId: agent.id, instanceId: instance.id, text }, 'an agent did not answer');
    // A refusal of the endpoint policy stays one however often it is asked.
    return failed(isGuardError(thrown) ? thrown.retryable : true, text);
  }
}

function pathOf(deps: HttpAgentClientDeps, agent: Agent, ask: Ask): string {
  return (deps.pathsOf?.(agent) ?? defaultPaths)[ask.path];
}

function bodyOf(ask: Ask): Pick<HttpQuestion, 'body' | 'contentType'> {
  const { body, contentType } = ask;
  return { ...(body === undefined ? {} : { body }), ...(contentType === undefined ? {} : { contentType }) };
}

async function located(
  deps: HttpAgentClientDeps,
  target: AgentTarget,
  ask: Ask,
): Promise<Pick<HttpQuestion, 'url' | 'address' | 'tls'> | Refusal> {
  const { agent, instance } = target;
  if (instance.endpoint === undefined)
    return { ok: false, unsupported: true, text: `${agent.id} has no endpoint to call` };
  const url = urlOf(instance.endpoint, pathOf(deps, agent, ask));
  if (!url)
    return failed(false, `the endpoint ${instance.endpoint.slice(0, 200)} of ${agent.id} is not an http address`);
  const check = await deps.endpointAllowed(instance.endpoint, agent);
  if (!check.allowed)
    return failed(false, `the endpoint ${instance.endpoint} of ${agent.id} is not allowed: ${check.why}`);
  const { address, tls } = check;
  const called = check.url && urlOf(check.url.href, pathOf(deps, agent, ask));
  return { url: called ?? url, ...(address === undefined ? {} : { address }), ...(tls === undefined ? {} : { tls }) };
}

/** The path on the endpoint; a path of the endpoint itself stays in front of it. */
function urlOf(endpoint: string, path: string): URL | undefined {
  if (!URL.canParse(endpoint)) return undefined;
  const url = new URL(endpoint);
  if (url.protocol !== 'http:' && url.protocol !== 'https:') return undefined;
  url.pathname = `${url.pathname.replace(/\/+$/, '')}/${path.replace(/^\/+/, '')}`;
  return url;
}

function confirmation(answer: HttpAnswer): AgentReply {
  return answer.status >= 200 && answer.status < 300 ? { ok: true } : refusal(answer);
}

function stateOf(answer: HttpAnswer, maxBytes: number): StateReply {
  if (answer.status === 204) return { ok: false, unsupported: true, text: 'the agent has no state' };
  if (answer.status !== 200) return refusal(answer);
  if (answer.truncated) return failed(false, `the state is larger than ${maxBytes} bytes`);
  if (answer.body.byteLength === 0) return failed(false, 'the agent answered with an empty state');
  return { ok: true, state: { bytes: answer.body, contentType: answer.contentType ?? 'application/octet-stream' } };
}

function refusal(answer: HttpAnswer): Refusal {
  const { status } = answer;
  const said = snippet(answer.body);
  const text = `the agent answered ${status}${said ? `: ${said}` : ''}`;
  if (unsupportedStatus.has(status)) return { ok: false, unsupported: true, text };
  if (status >= 300 && status < 400) return failed(false, `${text}; redirects are not followed`);
  return failed(retryableStatus.has(status), text);
}

/** The beginning of an agent's answer for a log line: one line of printable characters. */
function snippet(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 400));
  return text
    .replace(/[^\P{C}]+|\s+/gu, ' ')
    .trim()
    .slice(0, 200);
}
