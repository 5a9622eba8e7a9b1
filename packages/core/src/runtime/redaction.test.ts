import { describe, expect, it } from 'vitest';
import { guardError } from '../contracts/index.ts';
import { redact, Redactor, registerSecret } from './redaction.ts';

describe('Redactor', () => {
  it('replaces registered secrets everywhere in a text, in every form they travel in', () => {
    const redactor = new Redactor();
    redactor.register('p@ss/"word"');
    redactor.register('p@ss');
    const base64 = Buffer.from('p@ss/"word"').toString('base64');
    const text = redactor.text(
      `1 p@ss/"word" 2 ${encodeURIComponent('p@ss/"word"')} 3 ${JSON.stringify('p@ss/"word"')} 4 ${base64} 5 p@ss`,
    );
    expect(text).toBe('1 [redacted] 2 [redacted] 3 "[redacted]" 4 [redacted] 5 [redacted]');
  });

  it('ignores secrets too short to be told from ordinary words', () => {
    const redactor = new Redactor();
    redactor.register('abc');
    expect(redactor.text('abc')).toBe('abc');
  });

  it.each([
    ['authorization: Bearer abc.def-123', 'abc.def'],
    ['Basic dXNlcjpwYXNz', 'dXNl'],
    ['redis://user:pa55word@host:6379/0', 'pa55word'],
    ['DB_PASSWORD=hunter22 next', 'hunter22'],
    ['{"api_key": "k-123456", "n": 1}', 'k-123456'],
    ["token='s3cr3t'", 's3cr3t'],
  ])('takes what gives itself away out of %s', (text, secret) => {
    expect(new Redactor().text(text)).toContain('[redacted]');
    expect(new Redactor().text(text)).not.toContain(secret);
  });

  it.each([
    'the agent web-1 missed 3 heartbeats',
    'http://host:80/path@x',
    'passwords are kept elsewhere',
    'tokens used: 5',
  ])('leaves ordinary text alone: %s', (text) => {
    expect(new Redactor().text(text)).toBe(text);
  });

  it('hides fields by their names, at any depth, and leaves their absence visible', () => {
    const hidden = new Redactor().value({
      Authorization: 'x',
      a: [
        {
          dbPassword: 'x',
          'set-cookie': ['x'],
          clientSecret: { deep: 'x' },
          API_KEY: 7,
          token: null,
          password: undefined,
        },
      ],
      tokensUsed: 5,
      key: 'shown',
    });
    expect(hidden).toEqual({
      Authorization: '[redacted]',
      a: [
        {
          dbPassword: '[redacted]',
          'set-cookie': '[redacted]',
          clientSecret: '[redacted]',
          API_KEY: '[redacted]',
          token: null,
        },
      ],
      tokensUsed: 5,
      key: 'shown',
    });
  });

  it('makes data of errors, with their causes and without their secrets', () => {
    const redactor = new Redactor();
    redactor.register('hunter22');
    const cause = new TypeError('refused hunter22');
    const error = guardError(
      'GUARD_STATE_UNAVAILABLE',
      { why: 'hunter22' },
      { cause: new AggregateError([cause], 'all') },
    );
    const data = redactor.value({ err: error }) as { err: Record<string, unknown> };
    expect(JSON.stringify(data)).not.toContain('hunter22');
    expect(data.err).toMatchObject({
      type: 'GuardError',
      code: 'GUARD_STATE_UNAVAILABLE',
      retryable: true,
      details: { why: '[redacted]' },
      cause: { message: 'all', errors: [{ type: 'TypeError', message: 'refused [redacted]' }] },
    });
  });

  it('bounds size, depth and cycles', () => {
    const cycle: Record<string, unknown> = { name: 'x'.repeat(1_000_000), list: Array.from({ length: 1000 }, () => 1) };
    cycle['self'] = cycle;
    cycle['deep'] = Array.from({ length: 20 }).reduce<unknown>((inner) => ({ inner }), 1);
    Object.assign(cycle, { bytes: new Uint8Array(3), big: 1n, run: () => 1, at: new Date(0), map: new Map([[1, 2]]) });
    const copy = new Redactor().value(cycle);
    const text = JSON.stringify(copy);
    expect(text.length).toBeLessThan(10_000);
    expect(text).toContain('[circular]');
    expect(text).toContain('[too deep]');
    expect(text).toContain('[900 more]');
    expect(copy).toMatchObject({
      bytes: '[3 bytes]',
      big: '1',
      run: '[function]',
      at: '1970-01-01T00:00:00.000Z',
      map: [[1, 2]],
    });
  });

  it('knows the secrets of the process', () => {
    registerSecret('only-for-this-test');
    expect(redact('x only-for-this-test y')).toBe('x [redacted] y');
  });
});
