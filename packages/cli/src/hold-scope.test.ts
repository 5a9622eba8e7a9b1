import { expect, test } from 'vitest';
import { parseScope, scopeText } from './hold-scope.ts';

test.each([
  ['fleet', { kind: 'fleet' }],
  ['group:workers', { kind: 'group', group: 'workers' }],
  ['agent:default:deploy:web.1', { kind: 'agent', agentId: 'default:deploy:web.1' }],
])('%s is a scope, and is written as it is read', (text, scope) => {
  expect(parseScope(text)).toEqual(scope);
  expect(scopeText(parseScope(text)!)).toBe(text);
});

test.each(['', 'Fleet', 'fleet:x', 'group:', 'agent:', 'agent:two words', 'workers', 'group:a/b'])(
  '"%s" is none: an empty or unknown scope must never widen to something',
  (text) => expect(parseScope(text)).toBeUndefined(),
);
