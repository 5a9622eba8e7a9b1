import { guardError } from '@praetorian-guard/core/plugin';
import { jsonFault } from './json-fault.ts';

/**
 * Reads a JSON body. Refuses keys that reach a prototype (`__proto__`, `constructor.prototype`), so that no code behind
 * can be tricked by them.
 * @throws GUARD_HTTP_BODY with line and column of the first fault.
 */
export function parseJson(text: string, route: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw guardError('GUARD_HTTP_BODY', { route, why: describe(text) });
  }
  // Only a text that has one of the words, or an escape that may hide one, is worth a walk.
  if (/__proto__|prototype|\\u/.test(text)) {
    const key = poisonedKey(value);
    if (key !== undefined) throw guardError('GUARD_HTTP_BODY', { route, why: `the key ${key} is not allowed` });
  }
  return value;
}

function describe(text: string): string {
  if (text.trim() === '') return 'it is empty';
  const at = jsonFault(text);
  const before = text.slice(0, at);
  const line = before.split('\n').length;
  const column = at - before.lastIndexOf('\n');
  const what = at >= text.length ? 'it ends too early' : `${JSON.stringify(text[at])} is unexpected`;
  return `it is not JSON: ${what} at line ${line}, column ${column}`;
}

/** Walks with its own stack: a body may be nested deeper than calls can be. */
function poisonedKey(value: unknown): string | undefined {
  const todo: unknown[] = [value];
  while (todo.length > 0) {
    const next = todo.pop();
    if (typeof next !== 'object' || next === null) continue;
    for (const [key, member] of Object.entries(next)) {
      const reaches = typeof member === 'object' && member !== null && Object.hasOwn(member, 'prototype');
      if (key === '__proto__' || (key === 'constructor' && reaches)) return key;
      todo.push(member);
    }
  }
  return undefined;
}
