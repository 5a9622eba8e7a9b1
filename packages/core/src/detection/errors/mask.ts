/** Stands in a pattern for what differs from line to line. */
export const wildcard = '<*>';

/** More of a line than this is not read. */
const lineMax = 4_096;
const tokensMax = 64;

/** What a token is replaced by as a whole, first match wins. Each expression is linear in the length of the token. */
const wholes: readonly (readonly [RegExp, string])[] = [
  [/^[a-z][a-z0-9+.-]*:\/\/\S+$/i, '<url>'],
  [/^[^@\s]+@[^@\s]+\.[a-z]{2,}$/i, '<email>'],
  [/^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i, '<uuid>'],
  [/^\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?$/, '<ip>'],
  [/^\d{4}-\d\d-\d\d(?:T\S*)?$/, '<time>'],
  [/^\d\d?:\d\d(?::\d\d)?(?:[.,]\d+)?Z?$/, '<time>'],
  [/^(?:0x)?(?=[0-9a-f]*\d)[0-9a-f]{8,}$/i, '<hex>'],
  [/^(?:\.{0,2}\/)[^\s/]+(?:\/[^\s/]*)+$/, '<path>'],
];

/** The words of a message with ids, numbers, times, addresses and paths masked; only its first line counts. */
export function maskedTokens(message: string): readonly string[] {
  const [line = ''] = message.slice(0, lineMax).trimStart().split('\n', 1);
  return line.split(/\s+/, tokensMax).filter(Boolean).map(masked);
}

function masked(token: string): string {
  const [key = ''] = /^[A-Za-z_][\w.-]*=/.exec(token) ?? [];
  return `${key}${maskedWord(token.slice(key.length))}`;
}

/** Punctuation around a word belongs to the sentence, not to the value. */
function maskedWord(token: string): string {
  let from = 0;
  let to = token.length;
  while (from < to && opening.has(token.charAt(from))) from += 1;
  while (to > from && closing.has(token.charAt(to - 1))) to -= 1;
  const word = token.slice(from, to);
  const name = wholes.find(([pattern]) => pattern.test(word))?.[1];
  return `${token.slice(0, from)}${name ?? word.replaceAll(/\d+(?:\.\d+)?/g, '<n>')}${token.slice(to)}`;
}

const opening = new Set(`[({"'<`);
const closing = new Set(`])}"'>,;:.!?`);
