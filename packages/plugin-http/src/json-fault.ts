const space = /[ \t\n\r]*/y;
const string = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*"/y;
/** As much of a string as is well formed, without its end. */
const stringStart = /"[ !#-[\]-\uffff]*(?:\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4})[ !#-[\]-\uffff]*)*/y;
const plain = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;

type Expects = 'value' | 'value-or-end' | 'key' | 'key-or-end' | 'colon' | 'comma-or-end' | 'nothing';

/**
 * The offset at which a text stops being JSON (RFC 8259); its length when it only ends too early, -1 when it is JSON.
 * `JSON.parse` names the offset for some faults only, and not in every version of Node. Keeps its own stack: a text may
 * be nested deeper than calls can be.
 */
export function jsonFault(text: string): number {
  const open: ('[' | '{')[] = [];
  let expects: Expects = 'value';
  let at = 0;
  const after = (): Expects => (open.length === 0 ? 'nothing' : 'comma-or-end');
  while (true) {
    at = end(space, text, at);
    if (at === text.length) return expects === 'nothing' ? -1 : at;
    const next = text[at] as string;
    if (closes(next, open.at(-1), expects)) {
      open.pop();
      expects = after();
      at += 1;
      continue;
    }
    if ((next === '{' || next === '[') && (expects === 'value' || expects === 'value-or-end')) {
      open.push(next);
      expects = next === '{' ? 'key-or-end' : 'value-or-end';
      at += 1;
      continue;
    }
    const stop = step(text, at, expects);
    if (stop === at) return next === '"' && takesString(expects) ? end(stringStart, text, at) : at;
    expects = follow(expects, open.at(-1));
    at = stop;
  }
}

function end(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}

function closes(next: string, open: '[' | '{' | undefined, expects: Expects): boolean {
  if (next === ']') return open === '[' && (expects === 'value-or-end' || expects === 'comma-or-end');
  return next === '}' && open === '{' && (expects === 'key-or-end' || expects === 'comma-or-end');
}

function takesString(expects: Expects): boolean {
  return expects === 'value' || expects === 'value-or-end' || expects === 'key' || expects === 'key-or-end';
}

/** Where the token that is expected at `at` ends; `at` itself when another stands there. */
function step(text: string, at: number, expects: Expects): number {
  switch (expects) {
    case 'value':
    case 'value-or-end':
      return end(text[at] === '"' ? string : plain, text, at);
    case 'key':
    case 'key-or-end':
      return end(string, text, at);
    case 'colon':
      return text[at] === ':' ? at + 1 : at;
    case 'comma-or-end':
      return text[at] === ',' ? at + 1 : at;
    case 'nothing':
      return at;
  }
}

function follow(expects: Expects, open: '[' | '{' | undefined): Expects {
  if (expects === 'key' || expects === 'key-or-end') return 'colon';
  if (expects === 'colon') return 'value';
  if (expects === 'comma-or-end') return open === '{' ? 'key' : 'value';
  return open === undefined ? 'nothing' : 'comma-or-end';
}
