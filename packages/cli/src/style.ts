import { styleText } from 'node:util';

/** Colours and weights by meaning, so that no command knows a colour. */
export interface Style {
  good(text: string): string;
  warn(text: string): string;
  bad(text: string): string;
  dim(text: string): string;
  strong(text: string): string;
}

/** The words as they are. */
export const plain: Style = {
  good: (text) => text,
  warn: (text) => text,
  bad: (text) => text,
  dim: (text) => text,
  strong: (text) => text,
};

const paint = (format: Parameters<typeof styleText>[0]) => (text: string) =>
  styleText(format, text, { validateStream: false });

const coloured: Style = {
  good: paint('green'),
  warn: paint('yellow'),
  bad: paint('red'),
  dim: paint('gray'),
  strong: paint('bold'),
};

/** Colours for a terminal; none for a pipe or a file, nor under `NO_COLOR`. `FORCE_COLOR` (not 0) wins over both. */
export function styleFor(
  stream: { readonly isTTY?: boolean },
  env: { readonly [name: string]: string | undefined },
): Style {
  const forced = env['FORCE_COLOR'];
  if (forced !== undefined && forced !== '') return forced === '0' || forced === 'false' ? plain : coloured;
  if (env['NO_COLOR']) return plain;
  return stream.isTTY === true && env['TERM'] !== 'dumb' ? coloured : plain;
}
