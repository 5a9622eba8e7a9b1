/**
 * Every error of the engine and its plugins, once. Codes are never reused; each is documented in
 * `docs/reference/errors.md`. Retired codes: none so far.
 */
export const errorCatalogue = {
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
  GUARD_STATE_CONFLICT: {
    text: 'The key {key} was changed by another: expected version {expected}, found {found}.',
    remedy: 'Read it again and decide anew.',
    retryable: true,
  },
  GUARD_STATE_FENCED: {
    text: 'The write to {partition} carries fence {fence}, but {highest} has been seen.',
    remedy: 'Another guard owns the shard now; stop acting on it.',
    retryable: false,
  },
  GUARD_STATE_UNAVAILABLE: {
    text: 'The store does not answer: {why}.',
    remedy: 'Check the store; the guard decides nothing until it is back.',
    retryable: true,
  },
  GUARD_STATE_CORRUPT: {
    text: 'The store at {path} is damaged: {why}.',
    remedy:
      'Restore the folder from a backup, or move it away to start empty; open incidents and budgets in it are lost then.',
    retryable: false,
  },
  GUARD_STATE_LOCKED: {
    text: 'The store at {path} is in use by another process.',
    remedy: 'Stop the other guard, or give this one another path.',
    retryable: false,
  },
  GUARD_STATE_READ_ONLY: {
    text: 'The store at {path} cannot be written: {why}.',
    remedy: 'Give the guard write permission on the folder, or another path.',
    retryable: false,
  },
  GUARD_STATE_CLOSED: {
    text: 'The store is closed.',
    remedy: 'Call start() first and nothing after stop().',
    retryable: false,
  },
  GUARD_STATE_KEY: {
    text: 'The key {key} is not allowed: {why}.',
    remedy: 'Use 1–512 printable characters without spaces.',
    retryable: false,
  },
  GUARD_STATE_VALUE: {
    text: 'The value of {key} cannot be stored: {why}.',
    remedy: 'Store plain JSON, or at most 256 KiB of bytes per key.',
    retryable: false,
  },
  GUARD_LEASE_LOST: {
    text: 'The lease {name} with fence {fence} is lost: {why}.',
    remedy: 'Stop acting under it; it has to be acquired anew.',
    retryable: false,
  },
  GUARD_AGENT_UNKNOWN: {
    text: 'There is no agent {agentId}.',
    remedy: 'Register it first: POST /api/v1/agents.',
    retryable: false,
  },
  GUARD_AGENT_ID: {
    text: '{value} is not an agent id.',
    remedy: 'Use 1–200 characters of A–Z a–z 0–9 . _ : ~ -.',
    retryable: false,
  },
  GUARD_AGENT_INVALID: {
    text: 'The registration of {agentId} is not valid: {why}.',
    remedy: 'Mend the field that is named.',
    retryable: false,
  },
  GUARD_AGENT_STALE: {
    text: 'Agent {agentId} is registered with generation {current}; {given} is older.',
    remedy: 'This instance was replaced and must stop.',
    retryable: false,
  },
  GUARD_AGENT_RETIRED: {
    text: 'Instance {instance} of agent {agentId} was replaced.',
    remedy: 'It must stop: another instance is current.',
    retryable: false,
  },
  GUARD_AGENT_CONFLICT: {
    text: 'Agent {agentId} belongs to {why}.',
    remedy: 'Use another id, or deregister the agent first.',
    retryable: false,
  },
  GUARD_OVERRIDE_SECRET: {
    text: 'The override sets {names}, which looks like a secret; overrides are stored and shown.',
    remedy: "Give the secret to the agent's own environment instead, where the orchestrator is set up.",
    retryable: false,
  },
  GUARD_SIGNAL_INVALID: {
    text: 'The signal is not valid: {why}.',
    remedy: 'Mend the field that is named.',
    retryable: false,
  },
  GUARD_ENDPOINT_DENIED: {
    text: 'The endpoint {endpoint} of agent {agentId} is not allowed: {why}.',
    remedy: 'Add its network to `probes.allowedNetworks`, or register another address.',
    retryable: false,
  },
  GUARD_INCIDENT_UNKNOWN: {
    text: 'There is no incident {incidentId}.',
    remedy: 'List them: GET /api/v1/incidents.',
    retryable: false,
  },
  GUARD_INCIDENT_STATE: {
    text: 'Incident {incidentId} is {state}; it cannot be {verb} now.',
    remedy: 'Read its timeline to see what happened.',
    retryable: false,
  },
  GUARD_INCIDENT_TRANSITION: {
    text: 'An incident cannot go from {from} to {to}.',
    remedy: 'This is a fault of the engine; please report it with the timeline.',
    retryable: false,
  },
  GUARD_HOLD_UNKNOWN: { text: 'There is no hold {holdId}.', remedy: 'List them: GET /api/v1/holds.', retryable: false },
  GUARD_HOLD_INVALID: {
    text: 'The hold is not valid: {why}.',
    remedy: 'Give a scope, a reason, an author and a time to live of at most 30 days.',
    retryable: false,
  },
  GUARD_CHECKPOINT_INVALID: {
    text: 'The checkpoint of agent {agentId} is not usable: {why}.',
    remedy: 'Send the state again; older checkpoints are tried by themselves.',
    retryable: false,
  },
  GUARD_CHECKPOINT_MISSING: {
    text: 'There is no usable checkpoint of agent {agentId}.',
    remedy: 'Send one: PUT /api/v1/agents/:id/state.',
    retryable: false,
  },
  GUARD_CHECKPOINT_TOO_LARGE: {
    text: 'The checkpoint of agent {agentId} has {bytes} bytes; {max} are allowed.',
    remedy: 'Keep large data elsewhere and checkpoint a reference to it.',
    retryable: false,
  },
  GUARD_ORCHESTRATOR_FAILED: {
    text: 'The orchestrator {orchestrator} could not {verb} {agentId}: {why}.',
    remedy: 'See the cause; the ladder goes on with the next rung.',
    retryable: true,
  },
  GUARD_ORCHESTRATOR_UNSUPPORTED: {
    text: 'The orchestrator {orchestrator} cannot {verb}.',
    remedy: 'Choose another strategy or orchestrator.',
    retryable: false,
  },
  GUARD_NOTICE_FAILED: {
    text: 'The notifier {notifier} could not deliver: {why}.',
    remedy: 'Nothing: it is tried again, and then by another notifier.',
    retryable: true,
  },
  GUARD_NOTICE_REJECTED: {
    text: 'The notifier {notifier} was turned away: {why}.',
    remedy: 'Mend its config: the address, the token or the recipient.',
    retryable: false,
  },
  GUARD_MODEL_INVALID: {
    text: 'The saved model cannot be loaded: {why}.',
    remedy: 'Delete it; a new one is fitted as soon as there is enough healthy data.',
    retryable: false,
  },
  GUARD_NOT_RUNNING: { text: 'The guard is not running.', remedy: 'Call start() first.', retryable: false },
  GUARD_DEADLINE: {
    text: '{what} took longer than {limit}.',
    remedy: 'Raise the limit, or find out what holds it up.',
    retryable: true,
  },
  GUARD_OVERLOADED: {
    text: '{what} has {max} waiting and takes no more.',
    remedy: 'Try again later; if it lasts, the store or an orchestrator is too slow.',
    retryable: true,
  },
  GUARD_HTTP_BODY: {
    text: 'The body of {route} is not valid: {why}.',
    remedy: 'See /openapi.json for what the route takes.',
    retryable: false,
  },
  GUARD_HTTP_TOO_LARGE: { text: 'The body has more than {max} bytes.', remedy: 'Send less at once.', retryable: false },
  GUARD_HTTP_UNAUTHORIZED: {
    text: 'This needs a bearer token.',
    remedy: 'Send `authorization: Bearer …` with a token from the config.',
    retryable: false,
  },
  GUARD_HTTP_FORBIDDEN: {
    text: 'The token does not allow this: {why}.',
    remedy: 'Use a token with the role that is named.',
    retryable: false,
  },
  GUARD_HTTP_PORT_IN_USE: {
    text: 'The address {address} is in use.',
    remedy: 'Stop the process that listens there, or set another `http.port`.',
    retryable: false,
  },
  GUARD_HTTP_NOT_FOUND: {
    text: 'There is nothing at {path}.',
    remedy: 'The routes are listed in /openapi.json.',
    retryable: false,
  },
  GUARD_HTTP_METHOD: {
    text: '{path} does not take {method}; it takes {allowed}.',
    remedy: 'Use one of the methods named in the header `allow`.',
    retryable: false,
  },
  GUARD_HTTP_MEDIA_TYPE: {
    text: '{route} does not take the content type {given}.',
    remedy: 'Send one of the content types that /openapi.json names.',
    retryable: false,
  },
  GUARD_HTTP_QUERY: {
    text: 'The query of {route} is not valid: {why}.',
    remedy: 'See /openapi.json for what the route takes.',
    retryable: false,
  },
  GUARD_HTTP_ORIGIN: {
    text: 'The request comes from {from}, which is not allowed.',
    remedy: 'Add it to `http.allowedHosts` or `http.allowedOrigins`, or use tokens.',
    retryable: false,
  },
  GUARD_HTTP_BUSY: {
    text: 'There are already {max} event streams.',
    remedy: 'Close one, or raise `http.sse.maxClients`.',
    retryable: true,
  },
  GUARD_HTTP_LISTEN: {
    text: 'The guard cannot listen on {address}: {why}.',
    remedy: 'Set `http.host` and `http.port` to an address of this machine that the guard may use.',
    retryable: false,
  },
  GUARD_HTTP_INTERNAL: {
    text: 'The guard could not answer because of an unexpected error.',
    remedy: 'Look in the log of the guard, and please report it.',
    retryable: false,
  },
  GUARD_INVARIANT: {
    text: 'A promise of the engine was broken: {what}.',
    remedy: 'Please report this.',
    retryable: false,
  },
} as const satisfies Readonly<Record<string, { text: string; remedy: string; retryable: boolean }>>;
