import { expect, test } from 'vitest';
import { unframed } from './unframed.ts';

function frame(stream: number, text: string): Buffer {
  const header = Buffer.alloc(8);
  header[0] = stream;
  header.writeUInt32BE(Buffer.byteLength(text), 4);
  return Buffer.concat([header, Buffer.from(text)]);
}

test('a framed log loses its headers, also where a character is split between two pieces', () => {
  const log = Buffer.concat([frame(1, 'out ä\n'), frame(2, 'err\n')]);
  expect(unframed(log)).toBe('out ä\nerr');
  expect(unframed(Buffer.alloc(0))).toBe('');
});

test('a piece that was cut off gives what there is of it, and the log of a terminal is taken as it is', () => {
  expect(unframed(frame(1, 'whole').subarray(0, 11))).toBe('who');
  expect(unframed(Buffer.from('plain text\r\n'))).toBe('plain text');
});
