import type { ErrorEntry } from './error-entry.ts';

/** Errors about agents, incidents, holds, checkpoints and actions. */
export const fleetErrors = {
  GUARD_AGENT_UNKNOWN: {
    text: 'There is no agent {agentId}.',
    remedy: 'Register it first: POST /api/v1/agents.',
    retryable: false,
  },
  GUARD_INSTANCE_UNKNOWN: {
    text: 'Nobody registered instance {instance} of agent {agentId}.',
    remedy: 'Register it with POST /api/v1/agents, or leave the instance out; until then nothing it sends counts.',
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
  GUARD_ENDPOINT_FOREIGN: {
    text: 'The endpoint {endpoint} of agent {agentId} is a name that only the agent knows: {why}.',
    remedy: 'Let its orchestrator say where it is reached, or register an address that the guard can reach.',
    retryable: false,
  },
  GUARD_INCIDENT_UNKNOWN: {
    text: 'There is no incident {incidentId}.',
    remedy: 'List them: GET /api/v1/incidents.',
    retryable: false,
  },
  GUARD_STORM_UNKNOWN: {
    text: 'There is no storm {stormId}.',
    remedy: 'List them: GET /api/v1/storms.',
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
  GUARD_HOLD_WINDOW: {
    text: '{holdId} is a window of maintenance; it ends by itself.',
    remedy: 'Change it under maintenance in the config.',
    retryable: false,
  },
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
} as const satisfies Readonly<Record<string, ErrorEntry>>;
