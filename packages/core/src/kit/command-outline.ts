/** The program and two words more: often a wrapper of the real one stands first, or what it is to do comes after it. */
const leadingMax = 3;

/**
 * A command line without the values of its options, for secrets are given by them: the program and the words before the first
 * option, of an option only its name, and `…` for whatever else there is.
 */
export function commandOutline(words: readonly string[]): string {
  let leading = leadingMax;
  const outline = words.map((word) => {
    // It only parts a wrapper from what it wraps.
    if (word === '--') return word;
    const isOption = word.startsWith('-');
    leading = isOption ? 0 : leading - 1;
    return isOption ? optionIn(word) : leading >= 0 ? nameIn(word) : '…';
  });
  return outline.join(' ');
}

/** `-phunter2` is a name of one letter and its value, and nobody knows that from `-jar`. */
function optionIn(word: string): string {
  return word.startsWith('--') || word.length <= 2 ? nameIn(word) : `${word.slice(0, 2)}…`;
}

/** Of `NAME=value`, or of a script in place of a name, only how it begins. */
function nameIn(word: string): string {
  const name = /^[^\s=]*=?/.exec(word)?.[0] ?? '';
  return name.length === word.length ? word : `${name}…`;
}
