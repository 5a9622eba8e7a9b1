/**
 * From a file, a text or a value to the config the guard runs on: copy, validate, resolve secrets, freeze. Every mistake
 * is told at once with its place, what is allowed and a remedy. This room knows no stage and no registry: plugins are
 * resolved by whoever calls it.
 */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { DoubtSettings } from '../contracts/doubt.ts';
import { guardError, messageOf } from '../contracts/errors.ts';
import { canonicalJson, type JsonObject } from '../model/index.ts';
import { compileSchema, type PathPart, type SchemaValidator } from '../runtime/json-schema.ts';
import { resolveAliases, writtenPath } from './aliases.ts';
import { crossChecks } from './cross-checks.ts';
import type { AgentSection, ConfigDocument, GroupSection } from './document.ts';
import { problemsOf } from './explain-issue.ts';
import type { AgentConfig, GuardConfig, LoadedPlugin, PolicyOf } from './guard-config.ts';
import { toWindow } from './maintenance-checks.ts';
import { copyPlain, deepFreeze } from './plain.ts';
import { type CheckedPlugins, checkPlugins, memoryStore, type ResolvePlugin } from './plugin-configs.ts';
import { policyOf } from './policy.ts';
import { configInvalid, type Found, type Locate, show, useAllowed } from './problem.ts';
import { checkedSchema, composedSchema, coreSchema } from './schema.ts';
import { resolveSecrets, type SecretSources } from './secrets.ts';
import { parseConfigText } from './yaml.ts';

export interface LoadOptions extends Omit<SecretSources, 'baseDir'> {
  readonly resolvePlugin: ResolvePlugin;
  /** Folder against which plugins and secret files are found. [folder of the file; the working directory] */
  readonly baseDir?: string;
}

export interface LoadedConfig {
  readonly config: GuardConfig;
  readonly policyOf: PolicyOf;
  /** In the order of the file; `store` and `http` at the top come last. */
  readonly plugins: readonly LoadedPlugin[];
  /** JSON Schema of the whole file with the plugins it uses, for editors. */
  readonly schema: JsonObject;
  /** The file as named by who loaded it; for messages. */
  readonly file: string;
  /** Where a path stands in the file; nothing for a value that came from code. */
  readonly locate: Locate;
}

/** Loads a YAML or JSON file. Errors: `GUARD_CONFIG_UNREADABLE`, `_SYNTAX`, `_INVALID`, `_SECRET`, and those of plugins. */
export async function loadConfigFile(path: string, options: LoadOptions): Promise<LoadedConfig> {
  return loadConfigText(readText(path), { baseDir: dirname(resolve(path)), ...options, file: path });
}

function readText(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (cause) {
    throw guardError('GUARD_CONFIG_UNREADABLE', { path, why: messageOf(cause) }, { cause });
  }
}

/** Loads YAML or JSON text; `file` names it in messages. */
export async function loadConfigText(
  text: string,
  options: LoadOptions & { readonly file?: string },
): Promise<LoadedConfig> {
  const file = options.file ?? 'config';
  const { value, locate } = parseConfigText(text, file);
  return load(value, { ...options, file, locate });
}

/** Loads a value that is already there, as an embedder writes it. The value itself is not changed. */
export async function loadConfigObject(value: unknown, options: LoadOptions): Promise<LoadedConfig> {
  return load(value, { ...options, file: 'config', locate: () => undefined });
}

type Node = { [key: string]: unknown };

let compiled: SchemaValidator | undefined;

const validateCore: SchemaValidator = (value) => {
  compiled ??= compileSchema(checkedSchema);
  return compiled(value);
};

async function load(
  value: unknown,
  options: LoadOptions & { readonly file: string; readonly locate: Locate },
): Promise<LoadedConfig> {
  const { file, resolvePlugin } = options;
  const baseDir = options.baseDir ?? process.cwd();
  const problems: Found[] = [];
  const copy = copyObject(value, problems);
  if (problems.length > 0) throw configInvalid(problems, file, options.locate);

  const source = structuredClone(copy);
  fillEmpty(copy);
  const moves = resolveAliases(copy, problems);
  const locate: Locate = (path) => options.locate(writtenPath(path, moves));

  const core = validateCore(copy);
  problems.push(...problemsOf(core.issues));
  const checked = await checkPlugins(copy, baseDir, resolvePlugin);
  problems.push(...checked.problems);
  const document = copy as unknown as ConfigDocument;
  if (core.issues.length === 0) problems.push(...crossChecks(document), ...memoryChecks(document));
  throwProblems(problems, checked, (found) =>
    configInvalid(
      found.map((item) => ({ ...item, path: writtenPath(item.path, moves) })),
      file,
      options.locate,
    ),
  );

  resolveSecrets(checked.secrets, { ...options, baseDir });
  for (const { place, path } of checked.secrets) if (typeof place.reference === 'string') put(source, path, '[secret]');
  deepFreeze(document);
  return {
    config: toConfig(document, checked, deepFreeze(source) as JsonObject),
    policyOf: policyOf(document, defaultGroup()),
    plugins: checked.plugins.map(({ instance, use, manifest, config }) => ({ instance, use, manifest, config })),
    schema: composedSchema(checked.plugins.map(({ manifest }) => manifest)),
    file,
    locate,
  };
}

function copyObject(value: unknown, problems: Found[]): Node {
  const copy = copyPlain(value, problems);
  if (typeof copy === 'object' && copy !== null && !Array.isArray(copy)) return copy as Node;
  if (problems.length === 0)
    problems.push({ path: [], found: show(copy, []), allowed: 'an object', remedy: useAllowed });
  return {};
}

/** `groups:\n  web:` with nothing after it means an empty section, as people who write YAML expect. */
function fillEmpty(root: Node): void {
  const sections = (coreSchema['properties'] ?? {}) as { readonly [name: string]: JsonObject };
  for (const [name, schema] of Object.entries(sections)) {
    if (schema['type'] !== 'object') continue;
    if (root[name] === null) root[name] = {};
    if (name !== 'groups' && name !== 'agents') continue;
    const members = root[name];
    if (typeof members !== 'object' || members === null || Array.isArray(members)) continue;
    for (const [key, member] of Object.entries(members)) if (member === null) (members as Node)[key] = {};
  }
}

/** One plugin that cannot be loaded, and nothing else wrong: its own error, which has its own code. */
function throwProblems(
  problems: readonly Found[],
  { failures }: CheckedPlugins,
  invalid: (found: readonly Found[]) => Error,
): void {
  const [first] = failures;
  if (problems.length === 0 && failures.length === 1 && first) throw first.error;
  if (problems.length > 0 || failures.length > 0)
    throw invalid([...problems, ...failures.map(({ problem }) => problem)]);
}

function memoryChecks({ store }: ConfigDocument): Found[] {
  if (store.use !== memoryStore || Object.keys(store.config).length === 0) return [];
  return [
    {
      path: ['store', 'config'],
      found: 'an object with keys',
      allowed: 'nothing',
      remedy: 'the store in memory has nothing to set',
    },
  ];
}

function put(root: Node, path: readonly PathPart[], value: unknown): void {
  const holder = path.slice(0, -1).reduce<unknown>((node, part) => (node as Node)[part], root) as Node;
  holder[path.at(-1) as string] = value;
}

/** A group that the file does not name. */
function defaultGroup(): GroupSection {
  const empty: Node = { groups: { any: {} } };
  validateCore(empty);
  return deepFreeze((empty as unknown as ConfigDocument).groups['any'] as GroupSection);
}

function toConfig(document: ConfigDocument, { plugins }: CheckedPlugins, source: JsonObject): GuardConfig {
  const mapValues = <T, U>(
    record: { readonly [key: string]: T },
    map: (value: T) => U,
  ): { readonly [key: string]: U } =>
    Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
  return deepFreeze<GuardConfig>({
    version: document.version,
    name: document.name,
    plugins: Object.fromEntries(plugins.map(({ instance, use, config }) => [instance, { use, config }])),
    store: document.store.use === memoryStore ? memoryStore : 'store',
    controlPlane: document.controlPlane,
    allowedNetworks: document.probes.allowedNetworks,
    notifications: { routes: document.notifications.routes, retryForMs: document.notifications.retryFor },
    groups: mapValues(document.groups, ({ mode, orchestrator }) => ({
      mode,
      ...(orchestrator === undefined ? {} : { orchestrator }),
    })),
    agents: mapValues(document.agents, toAgent),
    maintenance: document.maintenance.map(toWindow),
    selfDoubt: toDoubt(document.selfDoubt),
    ...(document.approvals.keyFile === undefined ? {} : { approvalKeyFile: document.approvals.keyFile }),
    ...toRecording(document.recording),
    tickMs: document.tick,
    hash: createHash('sha256').update(canonicalJson(source)).digest('hex'),
    source,
  });
}

/** A file smaller than its own head would be rotated for ever. */
const smallestRecord = 1024 * 1024;

function toRecording({ directory, maxBytes, keep }: ConfigDocument['recording']): Pick<GuardConfig, 'recording'> {
  if (directory === undefined) return {};
  return { recording: { directory, maxBytes: Math.max(smallestRecord, maxBytes), keep } };
}

function toDoubt({
  every,
  lag,
  store,
  unanswered,
  tellFrom,
  canaries,
  timeout,
}: ConfigDocument['selfDoubt']): DoubtSettings {
  return { everyMs: every, lagMs: lag, storeMs: store, unanswered, tellFrom, canaries, canaryTimeoutMs: timeout };
}

function toAgent({ group, endpoint, labels, role, dependsOn, criticality }: AgentSection): AgentConfig {
  return {
    ...(group === undefined ? {} : { group }),
    ...(endpoint === undefined ? {} : { endpoint }),
    labels,
    ...(role === undefined ? {} : { role }),
    dependsOn,
    ...(criticality === undefined ? {} : { criticality }),
  };
}
