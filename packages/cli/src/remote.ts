import { messageOf } from '@praetorian-guard/core/plugin';
import { type Answer, ask, type Endpoint } from './client.ts';
import type { Invocation } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';
import { reportAnswer, tellError } from './failure.ts';
import { fold } from './fold.ts';
import { jsonText, printableDeep } from './printable.ts';

const defaultUrl = 'http://127.0.0.1:7717';

/** Where the guard is: option, then environment, then the default; an empty one says nothing. */
export function endpointOf(call: Invocation): Endpoint {
  const token = call.option('token') || call.io.env['PRAETORIAN_TOKEN'];
  const url = call.option('url') || call.io.env['PRAETORIAN_URL'] || defaultUrl;
  return { url, ...(token ? { token } : {}) };
}

/**
 * One request; its body is shown as JSON under `--json`, else by `show`. A refusal is told and decides the exit code.
 * `seen` hears of the body in either case. `show` states the type it expects: that is the guard's promise, which is not checked again here.
 */
export async function talk(
  call: Invocation,
  request: { readonly method: 'GET' | 'POST' | 'DELETE'; readonly path: string; readonly body?: unknown },
  show: (body: never) => string,
  seen?: (body: never) => void,
): Promise<ExitCode> {
  const endpoint = endpointOf(call);
  const answer = await ask(endpoint, request.method, request.path, request.body);
  if (answer.kind === 'ok') seen?.(answer.body as never);
  return answer.kind === 'ok' ? print(call, answer.body, show) : reportAnswer(call.io, answer, endpoint.url);
}

/** Who decides and why, for the record: the name of the user who runs the command. With a token its name is kept too. */
export function actorOf(call: Invocation): { readonly by?: string; readonly note?: string } {
  const by = call.io.env['USER'] ?? call.io.env['LOGNAME'];
  const note = call.option('note');
  return { ...(by ? { by } : {}), ...(note === undefined ? {} : { note }) };
}

export interface ListBody<T> {
  readonly items: readonly T[];
  readonly next?: string;
}

/** All pages of a list, up to `max` entries, as one. */
export async function talkList(
  call: Invocation,
  request: {
    readonly path: string;
    readonly query: { readonly [name: string]: string | undefined };
    readonly max: number;
    /** Another list that belongs to it, shown and printed under its name. */
    readonly beside?: { readonly name: string; readonly path: string };
  },
  show: (items: readonly never[], more: boolean, beside: readonly never[]) => string,
): Promise<ExitCode> {
  const endpoint = endpointOf(call);
  const { beside } = request;
  const other = beside ? await ask(endpoint, 'GET', beside.path) : undefined;
  if (other && other.kind !== 'ok') return reportAnswer(call.io, other, endpoint.url);
  const others = (other?.body as ListBody<unknown> | undefined)?.items ?? [];
  const items: unknown[] = [];
  let after: string | undefined;
  do {
    const query = { ...request.query, after, limit: String(Math.min(pageMax, request.max - items.length)) };
    const answer: Answer = await ask(endpoint, 'GET', request.path + queryOf(query));
    if (answer.kind !== 'ok') return reportAnswer(call.io, answer, endpoint.url);
    const page = answer.body as ListBody<unknown>;
    if (!Array.isArray(page?.items)) return reportStranger(call, 'it has no `items`');
    items.push(...page.items);
    after = page.items.length === 0 ? undefined : page.next;
  } while (after !== undefined && items.length < request.max);
  const body = { items, ...(after === undefined ? {} : { next: after }), ...(beside ? { [beside.name]: others } : {}) };
  return print(call, body, (shown: typeof body) =>
    show(
      shown.items as never[],
      after !== undefined,
      (beside ? (shown as { [name: string]: unknown })[beside.name] : []) as never[],
    ),
  );
}

const pageMax = 100;

function print(call: Invocation, body: unknown, show: (body: never) => string): ExitCode {
  if (call.flag('json')) {
    call.io.out(jsonText(body ?? null));
    return exitCode.ok;
  }
  try {
    call.io.out(fold(show(printableDeep(body) as never), call.io.columns));
    return exitCode.ok;
  } catch (error) {
    return reportStranger(call, messageOf(error));
  }
}

/** Well-formed JSON of the wrong shape: something else answers at the address. */
function reportStranger({ io }: Invocation, why: string): ExitCode {
  tellError(io, { message: `the answer is not one of a guard: ${why}`, remedy: 'Check --url.' });
  return exitCode.failed;
}

/** `?a=1`, without what is not given. */
export function queryOf(query: { readonly [name: string]: string | undefined }): string {
  const given = Object.entries(query).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return given.length === 0 ? '' : `?${new URLSearchParams(given).toString()}`;
}
