import type { ErrorEntry } from './error-entry.ts';

/** Errors of the HTTP surface. */
export const httpErrors = {
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
} as const satisfies Readonly<Record<string, ErrorEntry>>;
