/**
 * Whether a text fits a pattern in which `*` stands for any run of characters; everything else stands for itself. Only
 * the last star is ever tried again, so the time is at most the product of both lengths, whatever the pattern.
 */
export function fitsGlob(text: string, pattern: string): boolean {
  let at = 0;
  let of = 0;
  let star = -1;
  let from = 0;
  while (at < text.length) {
    if (pattern[of] === '*') {
      star = of;
      of += 1;
      from = at;
    } else if (of < pattern.length && pattern[of] === text[at]) {
      at += 1;
      of += 1;
    } else if (star >= 0) {
      of = star + 1;
      from += 1;
      at = from;
    } else return false;
  }
  while (pattern[of] === '*') of += 1;
  return of === pattern.length;
}
