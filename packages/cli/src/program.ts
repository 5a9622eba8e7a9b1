import { readFileSync } from 'node:fs';
import { Command, CommanderError, Option } from 'commander';
import { commands } from './command-list.ts';
import type { CommandSpec, Invocation, Io, OptionSpec } from './command.ts';
import { type ExitCode, exitCode } from './exit-code.ts';

const description = `Self-healing for fleets of agents.

Exit codes: 0 done, 1 failed or refused, 2 wrong usage or invalid config, 3 no guard answers.`;

const helpRemedy = '`praetorian --help` lists the verbs; `praetorian <verb> --help` explains one.';

/** Parses `argv` (without node and script), runs the verb and says how it ended. Never throws. */
export async function run(argv: readonly string[], caller: Io): Promise<ExitCode> {
  const io: Io = { ...caller, json: wantsJson(argv) };
  let result: ExitCode = exitCode.ok;
  const program = new Command('praetorian')
    .description(description)
    .version(version(), '-V, --version', 'print the version')
    .helpOption('-h, --help', 'print this help')
    .exitOverride()
    .configureOutput({
      writeOut: (text) => io.out(text.trimEnd()),
      writeErr: (text) => void (io.json || io.err(text.trimEnd())),
    })
    .showHelpAfterError(helpRemedy);
  for (const spec of commands) {
    declare(program, spec).action(async (...given: unknown[]) => {
      const module = await spec.load();
      result = await module.run(invocation(spec, given, io));
    });
  }
  try {
    await program.parseAsync(argv.length === 0 ? ['--help'] : argv, { from: 'user' });
    return result;
  } catch (error) {
    if (error instanceof CommanderError && error.exitCode === 0) return exitCode.ok;
    // Loaded only now: `--help` needs nothing of the engine.
    const { reportThrown, tellError } = await import('./failure.ts');
    if (!(error instanceof CommanderError)) return reportThrown(io, error);
    // To a person the parser has told it already.
    if (io.json) tellError(io, { message: error.message.replace(/^error: /, ''), remedy: helpRemedy });
    return exitCode.usage;
  }
}

/** Asked before the arguments are parsed, because their mistakes are to be told in the same form. */
function wantsJson(argv: readonly string[]): boolean {
  return argv.some((word, at) => {
    return word === '--json' || word === '--log-format=json' || (word === 'json' && argv[at - 1] === '--log-format');
  });
}

function declare(program: Command, spec: CommandSpec): Command {
  const command = program.command(spec.name).description(spec.text).summary(spec.text).helpGroup(`${spec.heading}:`);
  for (const { usage, text } of spec.args) command.argument(usage, text);
  for (const option of spec.options) command.addOption(optionOf(option));
  return command.allowExcessArguments(false);
}

function optionOf(spec: OptionSpec): Option {
  const option = new Option(spec.flags, spec.text);
  if (spec.default !== undefined) option.default(spec.default);
  if (spec.choices) option.choices([...spec.choices]);
  return spec.required ? option.makeOptionMandatory() : option;
}

/** Commander passes the positional arguments, then the options, then the command itself. */
function invocation(spec: CommandSpec, given: readonly unknown[], io: Io): Invocation {
  const options = given[spec.args.length] as { readonly [name: string]: unknown };
  const value = (name: string): unknown => options[name.replace(/-(\w)/g, (_, letter: string) => letter.toUpperCase())];
  return {
    io,
    args: given.slice(0, spec.args.length) as (string | undefined)[],
    option: (name) => value(name) as string | undefined,
    flag: (name) => value(name) === true,
  };
}

function version(): string {
  const text = readFileSync(new URL('../package.json', import.meta.url), 'utf8');
  return (JSON.parse(text) as { readonly version: string }).version;
}
