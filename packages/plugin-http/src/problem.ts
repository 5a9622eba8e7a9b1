import {
  type ErrorCode,
  errorCatalogue,
  type GuardError,
  guardError,
  isGuardError,
} from '@praetorian-guard/core/plugin';

/** One place in a body or query that is not valid. */
export interface ProblemPlace {
  /** JSON pointer into the body, or `?name` for a query. */
  readonly path: string;
  readonly detail: string;
}

/** Problem details as RFC 9457 has them, with the code and the remedy of the catalogue. */
export interface Problem {
  readonly type: string;
  readonly title: string;
  readonly status: number;
  readonly detail: string;
  readonly code: ErrorCode;
  readonly remedy: string;
  /** Names this one answer; it stands in the log beside an unexpected error. */
  readonly instance: string;
  readonly errors?: readonly ProblemPlace[];
}

/** The status of every error of the catalogue; what is missing here is a 500. */
export const statusOf: { readonly [C in ErrorCode]?: number } = {
  GUARD_CONFIG_UNREADABLE: 500,
  GUARD_CONFIG_SYNTAX: 500,
  GUARD_CONFIG_INVALID: 500,
  GUARD_CONFIG_SECRET: 500,
  GUARD_PLUGIN_NOT_FOUND: 500,
  GUARD_PLUGIN_INVALID: 500,
  GUARD_PLUGIN_API_MISMATCH: 500,
  GUARD_PLUGIN_PEER_MISMATCH: 500,
  GUARD_PLUGIN_DUPLICATE: 500,
  GUARD_PLUGIN_UNKNOWN: 500,
  GUARD_RECORD_UNREADABLE: 500,
  GUARD_RECORD_INVALID: 500,
  GUARD_RECORD_FORMAT: 500,
  GUARD_REPLAY_PLUGIN: 500,
  GUARD_START_FAILED: 500,
  GUARD_PLUGIN_FAILED: 502,
  GUARD_STATE_CONFLICT: 409,
  GUARD_STATE_FENCED: 503,
  GUARD_STATE_UNAVAILABLE: 503,
  GUARD_STATE_CORRUPT: 500,
  GUARD_STATE_NEWER: 500,
  GUARD_STATE_LOCKED: 500,
  GUARD_STATE_READ_ONLY: 500,
  GUARD_STATE_CLOSED: 503,
  GUARD_STATE_KEY: 400,
  GUARD_STATE_VALUE: 500,
  GUARD_LEASE_LOST: 503,
  GUARD_AGENT_UNKNOWN: 404,
  GUARD_INSTANCE_UNKNOWN: 404,
  GUARD_AGENT_ID: 400,
  GUARD_AGENT_INVALID: 400,
  GUARD_AGENT_STALE: 409,
  GUARD_AGENT_RETIRED: 410,
  GUARD_AGENT_CONFLICT: 409,
  GUARD_SIGNAL_INVALID: 400,
  GUARD_ENDPOINT_DENIED: 422,
  GUARD_ENDPOINT_FOREIGN: 422,
  GUARD_INCIDENT_UNKNOWN: 404,
  GUARD_STORM_UNKNOWN: 404,
  GUARD_INCIDENT_STATE: 409,
  GUARD_INCIDENT_TRANSITION: 500,
  GUARD_HOLD_UNKNOWN: 404,
  GUARD_HOLD_WINDOW: 409,
  GUARD_HOLD_INVALID: 400,
  GUARD_KEY_FILE: 500,
  GUARD_APPROVAL_STALE: 409,
  GUARD_APPROVAL_TOKEN: 403,
  GUARD_AUDIT_BROKEN: 500,
  GUARD_OVERRIDE_SECRET: 400,
  GUARD_CHECKPOINT_INVALID: 422,
  GUARD_CHECKPOINT_MISSING: 404,
  GUARD_CHECKPOINT_TOO_LARGE: 413,
  GUARD_ORCHESTRATOR_FAILED: 502,
  GUARD_ORCHESTRATOR_UNSUPPORTED: 422,
  GUARD_NOTICE_FAILED: 502,
  GUARD_NOTICE_REJECTED: 502,
  GUARD_MODEL_INVALID: 500,
  GUARD_OVERLOADED: 503,
  GUARD_NOT_RUNNING: 503,
  GUARD_DEADLINE: 504,
  GUARD_HTTP_BODY: 400,
  GUARD_HTTP_QUERY: 400,
  GUARD_HTTP_TOO_LARGE: 413,
  GUARD_HTTP_UNAUTHORIZED: 401,
  GUARD_HTTP_FORBIDDEN: 403,
  GUARD_HTTP_ORIGIN: 403,
  GUARD_HTTP_NOT_FOUND: 404,
  GUARD_HTTP_METHOD: 405,
  GUARD_HTTP_MEDIA_TYPE: 415,
  GUARD_HTTP_BUSY: 503,
  GUARD_HTTP_PORT_IN_USE: 500,
  GUARD_HTTP_LISTEN: 500,
  GUARD_HTTP_INTERNAL: 500,
  GUARD_SCENARIO_INVALID: 400,
  GUARD_INVARIANT: 500,
};

const phrases: { readonly [status: number]: string } = {
  400: 'Bad Request',
  401: 'Unauthorized',
  403: 'Forbidden',
  404: 'Not Found',
  405: 'Method Not Allowed',
  409: 'Conflict',
  410: 'Gone',
  413: 'Content Too Large',
  415: 'Unsupported Media Type',
  422: 'Unprocessable Content',
  502: 'Bad Gateway',
  503: 'Service Unavailable',
  504: 'Gateway Timeout',
};

/** The answer to an error of the catalogue. */
export function toProblem(error: GuardError, instance: string, errors?: readonly ProblemPlace[]): Problem {
  const status = statusOf[error.code] ?? 500;
  return {
    type: `urn:praetorian:error:${error.code}`,
    title: phrases[status] ?? 'Internal Server Error',
    status,
    detail: error.message,
    code: error.code,
    remedy: error.remedy,
    instance,
    ...(errors === undefined || errors.length === 0 ? {} : { errors }),
  };
}

interface ValidationFault {
  readonly instancePath: string;
  readonly message?: string;
  readonly params?: { readonly [name: string]: unknown };
}

/** What the server itself throws before a handler runs: a code, and the faults of a validated body. */
interface ServerError {
  readonly code?: unknown;
  readonly statusCode?: unknown;
  readonly validation?: readonly ValidationFault[];
}

/** Where an error came up, for the words of its text. */
export interface ErrorPlace {
  /** `POST /api/v1/holds`. */
  readonly route: string;
  readonly contentType: string;
  readonly maxBytes: number;
}

/** An error of the catalogue for anything that can be thrown on the way of a request; `undefined` for the unexpected. */
export function knownError(thrown: unknown, place: ErrorPlace): GuardError | undefined {
  if (isGuardError(thrown) && thrown.code in errorCatalogue) return thrown;
  if (typeof thrown !== 'object' || thrown === null) return undefined;
  const { code, statusCode, validation } = thrown as ServerError;
  const { route } = place;
  if (validation)
    return guardError('GUARD_HTTP_BODY', { route, why: placesOf(validation)[0]?.detail ?? 'it is not valid' });
  switch (code) {
    case 'FST_ERR_CTP_BODY_TOO_LARGE':
      return guardError('GUARD_HTTP_TOO_LARGE', { max: place.maxBytes });
    case 'FST_ERR_CTP_INVALID_MEDIA_TYPE':
      return guardError('GUARD_HTTP_MEDIA_TYPE', { route, given: place.contentType });
    case 'FST_ERR_CTP_INVALID_CONTENT_LENGTH':
      return guardError('GUARD_HTTP_BODY', { route, why: 'its length is not the one that content-length says' });
    case 'FST_ERR_BAD_URL':
    case 'FST_ERR_MAX_PARAM_LENGTH':
      return guardError('GUARD_HTTP_NOT_FOUND', { path: 'this address, which is not well formed' });
    default:
      // A connection that broke off in the middle of a body: the answer reaches nobody, but it is no fault of ours.
      return statusCode === 400 || code === 'ECONNRESET'
        ? guardError('GUARD_HTTP_BODY', { route, why: 'it broke off' })
        : undefined;
  }
}

/** The places a validator names, in the words of people. */
export function placesOf(faults: readonly ValidationFault[]): ProblemPlace[] {
  return faults.slice(0, 20).map(({ instancePath, message = 'is not valid', params }) => {
    const stray = params?.['additionalProperty'];
    const path = typeof stray === 'string' ? `${instancePath}/${stray}` : instancePath;
    const said = typeof stray === 'string' ? 'is not known here' : message;
    return { path, detail: `${path === '' ? 'the body' : path} ${said}` };
  });
}

export function validationOf(thrown: unknown): readonly ValidationFault[] | undefined {
  return typeof thrown === 'object' && thrown !== null ? (thrown as ServerError).validation : undefined;
}
