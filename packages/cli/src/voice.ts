import type { AnyGuardEvent, Logger } from '@praetorian-guard/core/plugin';
import type { Io } from './command.ts';
import { type Line, Narrator } from './narrator.ts';
import { prettyDestination } from './pretty-log.ts';
import { printable } from './printable.ts';
import { timeOfDay } from './process-clock.ts';

export type LogFormat = 'pretty' | 'json';

/** How `start` speaks: to a person, or to a program that reads its lines. */
export interface Voice {
  readonly logger: Logger;
  event(event: AnyGuardEvent): void;
  /** A text for people; with `fields` also a line for programs. */
  say(text: string, fields?: { readonly event: string; readonly [name: string]: unknown }): void;
}

export interface VoiceOptions {
  readonly format: LogFormat;
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly name: string;
}

export async function createVoice(io: Io, options: VoiceOptions): Promise<Voice> {
  const { createLogger } = await import('@praetorian-guard/core');
  const { format, level, name } = options;
  const narrator = new Narrator();
  if (format === 'json') {
    const logger = createLogger({ level, name, destination: { write: (line) => io.out(printable(line.trimEnd())) } });
    return {
      logger,
      event: (event) => logLine(logger, event, narrator.tell(event)),
      say: (text, fields) => fields && logger.info(fields, text),
    };
  }
  const logger = createLogger({ level, name, destination: prettyDestination((line) => io.out(line), io.style) });
  return { logger, event: (event) => tellLine(io, event, narrator.tell(event)), say: (text) => io.out(text) };
}

function tellLine(io: Io, { at }: AnyGuardEvent, line: Line | undefined): void {
  if (!line) return;
  const text = io.style[line.tone](printable(line.text));
  io.out(`${io.style.dim(timeOfDay(at))}  ${line.subject.padEnd(12)}  ${text}`);
}

function logLine(logger: Logger, { type, seq }: AnyGuardEvent, line: Line | undefined): void {
  if (!line) return;
  const { subject, tone, text, incidentId } = line;
  const level = tone === 'bad' ? 'error' : tone === 'warn' ? 'warn' : 'info';
  logger[level]({ event: type, seq, agentId: subject, ...(incidentId ? { incidentId } : {}) }, text);
}
