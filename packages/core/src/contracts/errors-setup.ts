import type { ErrorEntry } from './error-entry.ts';

/** Errors of config, plugins and start. */
export const setupErrors = {
  GUARD_CONFIG_UNREADABLE: {
    text: 'The config file {path} cannot be read: {why}.',
    remedy: 'Check the path and its permissions.',
    retryable: false,
  },
  GUARD_CONFIG_SYNTAX: {
    text: 'The config file {path} is not valid {format}: {why}.',
    remedy: 'Mend the syntax at the line and column named.',
    retryable: false,
  },
  GUARD_CONFIG_INVALID: {
    text: 'The config is not valid: {problems}',
    remedy: 'Mend each place named; `praetorian schema` prints what is allowed.',
    retryable: false,
  },
  GUARD_CONFIG_SECRET: {
    text: 'The secret for {path} cannot be resolved: {why}.',
    remedy: 'Set the environment variable or create the file that is named.',
    retryable: false,
  },
  GUARD_PLUGIN_NOT_FOUND: {
    text: 'The plugin {plugin} cannot be loaded: {why}.',
    remedy: 'Install the package, or mend its name or path in `plugins`.',
    retryable: false,
  },
  GUARD_PLUGIN_INVALID: {
    text: 'The plugin {plugin} is not a plugin: {why}.',
    remedy: 'Its entry module must have the result of definePlugin() as its default export.',
    retryable: false,
  },
  GUARD_PLUGIN_API_MISMATCH: {
    text: 'The plugin {plugin} speaks plugin API {theirs}, this core speaks {ours}.',
    remedy: 'Install the version of the plugin made for this core, or the core made for the plugin.',
    retryable: false,
  },
  GUARD_PLUGIN_PEER_MISMATCH: {
    text: 'The plugin {plugin} needs core {range}, this is {version}.',
    remedy: 'Install a core in that range or another version of the plugin.',
    retryable: false,
  },
  GUARD_PLUGIN_DUPLICATE: {
    text: 'The {kind} {name} is offered twice, by {first} and {second}.',
    remedy: 'Give one of the plugin instances another name.',
    retryable: false,
  },
  GUARD_PLUGIN_UNKNOWN: {
    text: 'No plugin offers the {kind} {name}; there are: {known}.',
    remedy: 'Mend the name, or add the plugin that offers it.',
    retryable: false,
  },
  GUARD_START_FAILED: {
    text: 'The {what} could not be started: {why}.',
    remedy: 'Mend what the cause names, and start again; what had been started was stopped.',
    retryable: false,
  },
  GUARD_PLUGIN_FAILED: {
    text: 'The plugin {plugin} failed in {where}: {why}.',
    remedy: 'See the cause; the rest of the guard goes on.',
    retryable: true,
  },
  GUARD_RECORD_UNREADABLE: {
    text: 'The record {file} cannot be read: {why}.',
    remedy: 'Check the path and its permissions; only the owner may read a record.',
    retryable: false,
  },
  GUARD_RECORD_INVALID: {
    text: 'The record {file} is not valid at line {line}: {why}.',
    remedy: 'Replay the files as the guard wrote them, the parts of one life in their order.',
    retryable: false,
  },
  GUARD_RECORD_FORMAT: {
    text: 'The record {file} has format {theirs}; this version reads format {ours}.',
    remedy: 'Replay it with the version of the guard that wrote it; its head names it under "core".',
    retryable: false,
  },
  GUARD_REPLAY_PLUGIN: {
    text: 'The plugin {plugin} takes part in decisions and cannot be loaded: {why}.',
    remedy: 'Install the package where the replay runs, or replay under a config without it.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, ErrorEntry>>;
