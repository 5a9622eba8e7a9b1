import type { ExitCode } from './exit-code.ts';
import type { Style } from './style.ts';

/** Where a command reads from and writes to; tests pass their own. */
export interface Io {
  /** Writes one line (or several, joined) to standard output. */
  out(line: string): void;
  /** Writes one line to standard error. */
  err(line: string): void;
  /** The command goes on from now on although nobody reads what it writes any more. [it ends then] */
  outlive?(): void;
  readonly env: { readonly [name: string]: string | undefined };
  /** Colours for `out`; plain text where nobody would see them. */
  readonly style: Style;
  /** Whether a program reads: what goes wrong is told as one JSON object too. */
  readonly json?: boolean;
  /** Columns of the terminal; absent when the output is not one. */
  readonly columns?: number;
}

/** One call of a command, as parsed. */
export interface Invocation {
  readonly io: Io;
  /** Positional arguments in order; an optional one that was left out is `undefined`. */
  readonly args: readonly (string | undefined)[];
  /** Value of `--name <value>`; `undefined` when it was not given and has no default. */
  option(name: string): string | undefined;
  /** Whether `--name` was given. */
  flag(name: string): boolean;
}

/** What a file under `commands/` exports. */
export interface CommandModule {
  run(invocation: Invocation): Promise<ExitCode>;
}

export interface OptionSpec {
  /** `--config <file>` takes a value, `--json` is a switch. */
  readonly flags: string;
  readonly text: string;
  readonly default?: string;
  readonly choices?: readonly string[];
  readonly required?: boolean;
}

/** A verb. Its file is loaded when it is called, so that `--help` loads none. */
export interface CommandSpec {
  readonly name: string;
  /** `<id>` is needed, `[id]` may be left out; one text each. */
  readonly args: readonly { readonly usage: string; readonly text: string }[];
  readonly text: string;
  readonly options: readonly OptionSpec[];
  /** Heading under which `--help` lists it. */
  readonly heading: string;
  load(): Promise<CommandModule>;
}
