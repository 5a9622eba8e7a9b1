import { isGuardError } from '@praetorian-guard/core/plugin';
import { describe, expect, test } from 'vitest';
import { parseJson } from './json-body.ts';

const refusal = (text: string): string => {
  try {
    parseJson(text, 'POST /x');
  } catch (error) {
    if (isGuardError(error, 'GUARD_HTTP_BODY')) return error.message;
    throw error;
  }
  return 'not refused';
};

describe('a JSON body', () => {
  test('names line and column of the first fault', () => {
    expect(refusal('{\n  "a": 1,\n  "b": x\n}')).toContain('"x" is unexpected at line 3, column 8');
  });

  test('says when it only ends too early', () => {
    expect(refusal('{"a": [1, 2')).toContain('it ends too early at line 1, column 12');
  });

  test('says when it is empty', () => {
    expect(refusal('  ')).toContain('it is empty');
  });

  test.each([
    '{"__proto__":{"admin":true}}',
    '{"a":[{"__proto__":1}]}',
    '{"\\u005f_proto__":{}}',
    '{"constructor":{"prototype":{"admin":true}}}',
  ])('refuses the key that reaches a prototype: %s', (text) => {
    expect(refusal(text)).toContain('is not allowed');
    expect(({} as { admin?: boolean }).admin).toBeUndefined();
  });

  test.each(['{"constructor":"x"}', '{"a":"__proto__"}', '{"prototype":1}'])('takes the harmless %s', (text) => {
    expect(parseJson(text, 'POST /x')).toEqual(JSON.parse(text));
  });

  test('walks a text nested deeper than calls can be', () => {
    const deep = `${'['.repeat(100_000)}"__proto__"${']'.repeat(100_000)}`;
    expect(parseJson(deep, 'POST /x')).toBeInstanceOf(Array);
  });
});
