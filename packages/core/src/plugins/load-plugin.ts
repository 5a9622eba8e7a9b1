import { guardError, isGuardError, messageOf } from '../contracts/errors.ts';
import type { PluginManifest } from '../contracts/plugin.ts';
import { checkManifest, checkName } from './check-manifest.ts';
import { isPath, locatePlugin } from './locate.ts';

export interface LoadPluginOptions {
  /** Manifests that are there already, by the name the config uses; nothing is imported for them. */
  readonly known?: { readonly [use: string]: PluginManifest };
  /** Version of the core. [this one's] */
  readonly core?: string;
}

/**
 * Loads a plugin by package name or by path (a file, or a folder with a package.json). Relative paths and packages are
 * looked for from `baseDir`, packages also beside the engine. Errors: `GUARD_PLUGIN_NOT_FOUND`, `_INVALID`,
 * `_API_MISMATCH`, `_PEER_MISMATCH`, and `_FAILED` when importing it throws.
 */
export async function loadPlugin(
  use: string,
  baseDir: string,
  options: LoadPluginOptions = {},
): Promise<PluginManifest> {
  const known = options.known && Object.hasOwn(options.known, use) ? options.known[use] : undefined;
  if (known) return checkManifest(known, use, options.core);
  const manifest = checkManifest(await importDefault(use, locatePlugin(use, baseDir)), use, options.core);
  if (!isPath(use)) checkName(manifest, use);
  return manifest;
}

async function importDefault(use: string, url: string): Promise<unknown> {
  try {
    const module = (await import(url)) as { readonly default?: unknown };
    return module.default;
  } catch (cause) {
    if (isGuardError(cause)) throw cause;
    // What follows the first line is a code frame or a require stack; it stays in the cause.
    const why = messageOf(cause).split('\n', 1)[0] ?? '';
    const hint =
      url.endsWith('.ts') && /Unknown file extension/.test(why) ? '; compile it, or run the guard under tsx' : '';
    throw guardError('GUARD_PLUGIN_FAILED', { plugin: use, where: 'import', why: why + hint }, { cause });
  }
}
