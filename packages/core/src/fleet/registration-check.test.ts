import { expect, test } from 'vitest';
import { checkedRegistration } from './registration-check.ts';

test.each([
  ['an escape sequence', 'http://a:4001/\u001b[2J'],
  ['the short form of one', 'http://a:4001/\u009b2J'],
  ['a line end', 'http://a:4001/\nhttp://b'],
  ['white space at the end', 'http://a:4001/ '],
])('an endpoint with %s is refused, since it is shown as it was given', (_, endpoint) => {
  expect(() => checkedRegistration({ id: 'a', group: 'g', endpoint })).toThrow(
    expect.objectContaining({ code: 'GUARD_AGENT_INVALID', message: expect.stringMatching(/endpoint is /) }),
  );
});

test('an endpoint stays as it was given', () => {
  const endpoint = 'http://a:4001';
  expect(checkedRegistration({ id: 'a', group: 'g', endpoint })).toMatchObject({ endpoint });
});
