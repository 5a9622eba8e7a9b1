/** Where a plugin lies: beside the config first, then beside the engine, so that a global install works. */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { guardError, messageOf } from '../contracts/errors.ts';

/** Whether `use` is a path and not the name of a package. */
export const isPath = (use: string): boolean => /^\.{0,2}[/\\]/.test(use) || use.startsWith('file:') || isAbsolute(use);

/** The address of the entry module, or `GUARD_PLUGIN_NOT_FOUND` with every place that was tried. */
export function locatePlugin(use: string, baseDir: string): string {
  const file = isPath(use) ? locatePath(use, baseDir) : locatePackage(use, [baseDir, import.meta.dirname]);
  return pathToFileURL(file).href;
}

function notFound(plugin: string, why: string): Error {
  return guardError('GUARD_PLUGIN_NOT_FOUND', { plugin, why });
}

function locatePath(use: string, baseDir: string): string {
  const path = use.startsWith('file:') ? fileURLToPath(use) : resolve(baseDir, use);
  if (!existsSync(path)) throw notFound(use, `there is no ${path}`);
  return statSync(path).isDirectory() ? entryOf(path, use) : path;
}

function locatePackage(use: string, from: readonly string[]): string {
  const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)(\/.+)?$/.exec(use) ?? [];
  if (name === undefined || /[\\:]|^\.|\/\./.test(use))
    throw notFound(use, 'this is neither the name of a package nor a path');
  for (const folder of from) {
    for (let at = resolve(folder); ; at = dirname(at)) {
      const home = join(at, 'node_modules', name);
      if (existsSync(join(home, 'package.json'))) return entryOf(home, use, subpath);
      if (dirname(at) === at) break;
    }
  }
  throw notFound(use, `no such package is installed for ${from[0] ?? ''}, nor beside the engine`);
}

/** The file a package's own package.json names for `import`. */
function entryOf(home: string, use: string, subpath = ''): string {
  const manifestPath = join(home, 'package.json');
  if (!existsSync(manifestPath)) return existing(join(home, 'index.js'), use);
  const manifest = readManifest(manifestPath, use);
  const target =
    manifest.exports === undefined
      ? subpath === ''
        ? (manifest.main ?? 'index.js')
        : `.${subpath}`
      : exported(manifest.exports, `.${subpath}`);
  if (target === undefined) throw notFound(use, `the package at ${home} does not export .${subpath}`);
  return existing(resolve(home, target), use);
}

function existing(file: string, use: string): string {
  if (!existsSync(file)) throw notFound(use, `its entry ${file} does not exist; has it been built?`);
  return file;
}

interface PackageJson {
  readonly main?: string;
  readonly exports?: unknown;
}

function readManifest(path: string, use: string): PackageJson {
  try {
    return JSON.parse(readFileSync(path, 'utf8')) as PackageJson;
  } catch (cause) {
    throw guardError(
      'GUARD_PLUGIN_NOT_FOUND',
      { plugin: use, why: `${path} cannot be read: ${messageOf(cause)}` },
      { cause },
    );
  }
}

/** Conditions under which this engine imports, most special first as packages are to list them. */
const conditions = new Set(['node', 'import', 'module-sync', 'default']);

/** Node's rules for `exports`, without patterns: a plugin's entry is a plain one. */
function exported(exports: unknown, subpath: string): string | undefined {
  const keyed =
    typeof exports === 'object' && exports !== null && Object.keys(exports).some((key) => key.startsWith('.'));
  if (keyed) return target((exports as { [key: string]: unknown })[subpath]);
  return subpath === '.' ? target(exports) : undefined;
}

function target(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  if (Array.isArray(value)) return value.map(target).find((found) => found !== undefined);
  if (typeof value !== 'object' || value === null) return undefined;
  const [, chosen] =
    Object.entries(value).find(([condition, inner]) => conditions.has(condition) && target(inner) !== undefined) ?? [];
  return target(chosen);
}
