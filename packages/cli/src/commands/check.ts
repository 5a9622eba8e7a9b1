import { isGuardError } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { isConfigError, placedProblems, reportThrown } from '../failure.ts';
import { jsonText } from '../printable.ts';
import { facts } from '../words.ts';

/** Validates the config and its plugins; nothing is started. */
export async function run(call: Invocation): Promise<ExitCode> {
  const path = call.option('config') ?? '';
  const { createGuard, loadConfigFile, noopLogger } = await import('@praetorian-guard/core');
  try {
    const { config, plugins } = await loadConfigFile(path);
    // Makes every contribution, which checks what only the plugins themselves know; nothing of them is started.
    await createGuard(path, { logger: noopLogger });
    const summary = {
      name: config.name,
      store: config.store,
      plugins: plugins.map(({ instance, use }) => ({ instance, use })),
      groups: Object.fromEntries(Object.entries(config.groups).map(([group, { mode }]) => [group, mode])),
      agents: Object.keys(config.agents),
      configVersion: config.hash,
    };
    call.io.out(call.flag('json') ? jsonText({ valid: true, ...summary }) : show(call, path, summary));
    return exitCode.ok;
  } catch (error) {
    if (!call.flag('json') || !isGuardError(error)) return reportThrown(call.io, error);
    const { code, message, remedy } = error;
    call.io.out(jsonText({ valid: false, code, message, remedy, problems: placedProblems(error) }));
    return isConfigError(error) ? exitCode.usage : exitCode.failed;
  }
}

interface Summary {
  readonly name: string;
  readonly store: string;
  readonly plugins: readonly { readonly instance: string; readonly use: string }[];
  readonly groups: { readonly [group: string]: string };
  readonly agents: readonly string[];
  readonly configVersion: string;
}

function show(call: Invocation, path: string, summary: Summary): string {
  const { style } = call.io;
  const groups = Object.entries(summary.groups).map(([group, mode]) => `${group} (${mode})`);
  const lines = facts(style, [
    ['name', summary.name],
    ['store', summary.store],
    ['plugins', summary.plugins.map(({ instance, use }) => `${instance} (${use})`).join(', ')],
    ['groups', groups.join(', ')],
    ['agents', summary.agents.join(', ')],
    ['config', summary.configVersion],
  ]);
  return `${style.good(`${path} is valid`)}\n${lines}`;
}
