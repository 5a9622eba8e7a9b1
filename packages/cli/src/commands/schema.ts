import { existsSync } from 'node:fs';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';

/** Prints the JSON Schema of the config with the plugins it names; of the core alone when there is no config yet. */
export async function run(call: Invocation): Promise<ExitCode> {
  const path = call.option('config') ?? '';
  const { composedSchema, loadConfigFile } = await import('@praetorian-guard/core');
  const schema = existsSync(path) ? (await loadConfigFile(path)).schema : composedSchema([]);
  call.io.out(JSON.stringify(schema, null, 2));
  return exitCode.ok;
}
