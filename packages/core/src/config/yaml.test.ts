import { describe, expect, it } from 'vitest';
import { errorOf, options } from '../../test/config-kit.ts';
import { loadConfigText } from './load.ts';

describe('text that is not YAML', () => {
  it.each([
    ['groups:\n  web: [1, 2\n', 'line'],
    ['a: 1\na: 2\n', 'line 2, column 1'],
    ['groups:\n\tweb: 1\n', 'line 2'],
    ['a: !!js/function x\n', 'line 1, column 4'],
    ['a: 1\n---\nb: 2\n', 'line 2'],
    ['', 'it is empty'],
    ['# nothing\n', 'it is empty'],
    ['x: *nobody\n', 'line 1'],
    [
      `a: &a [1,1,1,1,1,1,1,1,1,1]\n${'bcdefgh'
        .split('')
        .map((key, index) => `${key}: &${key} [${`*${'abcdefgh'[index]},`.repeat(10)}]`)
        .join('\n')}`,
      'alias',
    ],
    ['['.repeat(20_000), 'line|deep'],
    ['x'.repeat(1_048_577), 'more than 1048576 characters'],
  ])('is refused with its place: %#', async (text, why) => {
    const error = await errorOf(loadConfigText(text, { ...options(), file: 'praetorian.yaml' }));
    expect(error.code).toBe('GUARD_CONFIG_SYNTAX');
    expect(error.message).toMatch(new RegExp(why, 'i'));
    expect(error.message).toContain('praetorian.yaml');
  });
});
