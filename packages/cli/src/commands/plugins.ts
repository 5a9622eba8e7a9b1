import type { PluginManifest } from '@praetorian-guard/core/plugin';
import type { Invocation } from '../command.ts';
import { type ExitCode, exitCode } from '../exit-code.ts';
import { jsonText } from '../printable.ts';
import { table } from '../table.ts';

/** The plugin instances of the config and what each contributes. Nothing of them is started. */
export async function run(call: Invocation): Promise<ExitCode> {
  const { loadConfigFile } = await import('@praetorian-guard/core');
  const { plugins } = await loadConfigFile(call.option('config') ?? '');
  const items = plugins.map(({ instance, use, manifest }) => ({
    instance,
    use,
    name: manifest.name,
    version: manifest.version,
    apiVersion: manifest.apiVersion,
    contributes: contributionsOf(manifest),
  }));
  if (call.flag('json')) call.io.out(jsonText({ items }));
  else if (items.length === 0) call.io.out('no plugins');
  else {
    const rows = items.map(({ instance, name, version, apiVersion, contributes }) => [
      instance,
      name,
      version,
      String(apiVersion),
      Object.entries(contributes)
        .map(([kind, names]) => `${kind}: ${names.join(', ')}`)
        .join('; '),
    ]);
    call.io.out(table(['INSTANCE', 'PLUGIN', 'VERSION', 'API', 'CONTRIBUTES'], rows, call.io.columns));
  }
  return exitCode.ok;
}

function contributionsOf({ contributes }: PluginManifest): { readonly [kind: string]: readonly string[] } {
  return Object.fromEntries(Object.entries(contributes).map(([kind, named]) => [kind, Object.keys(named)]));
}
