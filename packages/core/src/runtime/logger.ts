import { type Logger as PinoLogger, pino } from 'pino';
import type { LogFields, Logger } from '../contracts/index.ts';
import { processRedactor, type Redactor } from './redaction.ts';

export type LogLevel = 'debug' | 'info' | 'warn' | 'error' | 'silent';

export interface LoggerOptions {
  /** Least level that is written. */
  readonly level: LogLevel;
  /** Name of the guard, on every line. */
  readonly name: string;
  /** Where lines go, one JSON object each. [standard output] */
  readonly destination?: { write(line: string): void };
  readonly redactor?: Redactor;
}

const longestMessage = 2_000;

/** The default logger: pino, with secrets taken out of fields, messages and errors before it sees them. */
export function createLogger(options: LoggerOptions): Logger {
  // The redactor has made data of errors; pino's own serializer would take them for nameless objects.
  const serializers = { err: (error: unknown) => error };
  const settings = { level: options.level, base: { name: options.name }, serializers };
  const target = options.destination ? pino(settings, options.destination) : pino(settings);
  return wrap(target, options.redactor ?? processRedactor);
}

type Target = Pick<PinoLogger, 'debug' | 'info' | 'warn' | 'error' | 'isLevelEnabled'> & {
  child(bindings: object): Target;
};

function wrap(target: Target, redactor: Redactor): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (fields: LogFields, message: string): void => {
      if (!target.isLevelEnabled(level)) return;
      const text = redactor.text(message.slice(0, 2 * longestMessage));
      target[level](
        redactor.value(fields) as object,
        text.length > longestMessage ? `${text.slice(0, longestMessage)}…` : text,
      );
    };
  return {
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
    child: (fields) => wrap(target.child(redactor.value(fields) as object), redactor),
  };
}

/** Says nothing. */
export const noopLogger: Logger = Object.freeze({
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
  child: () => noopLogger,
});
