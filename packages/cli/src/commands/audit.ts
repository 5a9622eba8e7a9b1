import type { openAudit as OpenAudit } from '@praetorian-guard/core';
import type { AuditCheck, AuditEntry, AuditHead } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { reportThrown, tellError } from '../failure.ts';
import { jsonText, printableDeep } from '../printable.ts';
import { queryOf, talk, talkList } from '../remote.ts';
import type { Style } from '../style.ts';
import { table } from '../table.ts';
import { dateAndTime } from '../process-clock.ts';

const anchorPattern = /^([a-z0-9-]{1,40})@(\d{1,15}):([0-9a-f]{64})$/;

/** Lists the audit log, or follows its chains; with `--config` that of a guard that does not run. */
export async function run(call: Invocation): Promise<ExitCode> {
  const [what] = call.args;
  if (what === undefined) return list(call);
  if (what === 'verify') return verify(call);
  tellError(call.io, {
    message: `There is no \`audit ${what}\`.`,
    remedy: '`praetorian audit` or `praetorian audit verify`.',
  });
  return exitCode.usage;
}

async function list(call: Invocation): Promise<ExitCode> {
  const max = Number(call.option('limit'));
  if (!Number.isInteger(max) || max < 1) {
    tellError(call.io, { message: `--limit is ${call.option('limit')}; allowed is a whole number from 1 on.` });
    return exitCode.usage;
  }
  const { style, columns } = call.io;
  const show = (items: readonly AuditEntry[], more: boolean): string =>
    items.length === 0
      ? 'nothing was recorded'
      : listText(style, items, columns) + (more ? '\n… more; raise --limit' : '');
  const path = call.option('config');
  if (path === undefined) return talkList(call, { path: '/api/v1/audit', query: {}, max }, show);
  return offline(call, path, async (audit) => {
    const page = await audit.list(max);
    call.io.out(call.flag('json') ? jsonText(page) : show(printableDeep(page.items), page.next !== undefined));
    return exitCode.ok;
  });
}

async function verify(call: Invocation): Promise<ExitCode> {
  const given = call.option('anchors');
  const anchors = readAnchors(given);
  if (!anchors) {
    tellError(call.io, { message: `--anchors is ${given}; it is written as chain@seq:hash, separated by commas.` });
    return exitCode.usage;
  }
  const path = call.option('config');
  if (path !== undefined) {
    return offline(call, path, async (audit) => {
      const check = await audit.verify(anchors);
      call.io.out(call.flag('json') ? jsonText(check) : checkText(call.io.style, printableDeep(check)));
      return check.ok ? exitCode.ok : exitCode.failed;
    });
  }
  let ok = true;
  const request = { method: 'GET', path: `/api/v1/audit/verify${queryOf({ anchors: given })}` } as const;
  const seen = (body: { readonly ok?: boolean }): void => void (ok = body.ok === true);
  const code = await talk(call, request, (check: AuditCheck) => checkText(call.io.style, check), seen);
  return code === exitCode.ok && !ok ? exitCode.failed : code;
}

type Audit = Awaited<ReturnType<typeof OpenAudit>>;

/** The store is let go of whatever happens. */
async function offline(call: Invocation, path: string, work: (audit: Audit) => Promise<ExitCode>): Promise<ExitCode> {
  try {
    const { openAudit } = await import('@praetorian-guard/core');
    const audit = await openAudit(path);
    try {
      return await work(audit);
    } finally {
      await audit.close();
    }
  } catch (error) {
    return reportThrown(call.io, error);
  }
}

function listText(style: Style, items: readonly AuditEntry[], columns: number | undefined): string {
  const rows = items.map(({ at, actor, action, subject, data }) => [
    dateAndTime(at),
    actor === 'guard' ? style.dim(actor) : style.strong(actor),
    action,
    subject,
    detail(data),
  ]);
  return table(['WHEN', 'WHO', 'WHAT', 'ABOUT', 'DETAIL'], rows, columns);
}

/** What a reader looks for first; all of it is in the JSON. */
function detail(data: AuditEntry['data']): string {
  if (!data) return '';
  const { why, step, result, text, rung, agent, reason } = data;
  const words = [agent, step ?? rung, result, why ?? text ?? reason];
  return words.filter((word): word is string => typeof word === 'string' && word !== '').join('  ');
}

function checkText(style: Style, { ok, entries, chains }: AuditCheck): string {
  const rows = chains.map(({ chain, seq, hash, broken }) => [
    chain,
    String(seq),
    broken ? style.bad(`broken at ${broken.seq}`) : style.good('whole'),
    broken ? broken.why : `${chain}@${seq}:${hash}`,
  ]);
  const head = ok
    ? style.good(`the audit log is whole: ${entries === 1 ? 'one entry' : `${entries} entries`}`)
    : style.bad('the audit log was tampered with or damaged');
  const hint = ok ? '\n\nNote the anchors elsewhere; `--anchors` shows later whether something was cut off.' : '';
  return rows.length === 0
    ? 'nothing was recorded'
    : `${head}\n\n${table(['CHAIN', 'ENTRIES', 'STATE', 'ANCHOR'], rows)}${hint}`;
}

function readAnchors(text = ''): readonly AuditHead[] | undefined {
  const heads: AuditHead[] = [];
  for (const part of text.split(',').filter((one) => one.trim() !== '')) {
    const [, chain, seq, hash] = anchorPattern.exec(part.trim()) ?? [];
    if (chain === undefined || hash === undefined) return undefined;
    heads.push({ chain, seq: Number(seq), hash });
  }
  return heads;
}
