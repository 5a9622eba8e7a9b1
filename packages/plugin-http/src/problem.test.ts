import { errorCatalogue, type ErrorCode, guardError } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { knownError, statusOf, toProblem } from './problem.ts';

const place = { route: 'POST /x', contentType: 'text/html', maxBytes: 5 };

describe('a problem', () => {
  test('has a status for every error of the catalogue', () => {
    const missing = (Object.keys(errorCatalogue) as ErrorCode[]).filter((code) => statusOf[code] === undefined);
    expect(missing).toEqual([]);
  });

  test('carries what RFC 9457 and the catalogue name', () => {
    expect(
      toProblem(guardError('GUARD_AGENT_UNKNOWN', { agentId: 'a' }), 'urn:x', [{ path: '/a', detail: 'b' }]),
    ).toEqual({
      type: 'urn:praetorian:error:GUARD_AGENT_UNKNOWN',
      title: 'Not Found',
      status: 404,
      detail: 'There is no agent a.',
      code: 'GUARD_AGENT_UNKNOWN',
      remedy: 'Register it first: POST /api/v1/agents.',
      instance: 'urn:x',
      errors: [{ path: '/a', detail: 'b' }],
    });
  });

  test.each([
    [{ code: 'FST_ERR_CTP_BODY_TOO_LARGE' }, 'GUARD_HTTP_TOO_LARGE'],
    [{ code: 'FST_ERR_CTP_INVALID_MEDIA_TYPE' }, 'GUARD_HTTP_MEDIA_TYPE'],
    [{ code: 'FST_ERR_CTP_INVALID_CONTENT_LENGTH' }, 'GUARD_HTTP_BODY'],
    [{ code: 'FST_ERR_BAD_URL' }, 'GUARD_HTTP_NOT_FOUND'],
    [{ validation: [{ instancePath: '/a', message: 'is bad' }] }, 'GUARD_HTTP_BODY'],
    [{ code: 'ECONNRESET', statusCode: 400 }, 'GUARD_HTTP_BODY'],
    [new Error('secret'), undefined],
    ['thrown text', undefined],
  ])('is made of %o', (thrown, code) => {
    expect(knownError(thrown, place)?.code).toBe(code);
  });
});
