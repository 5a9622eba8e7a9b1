import { describe, expect, it } from 'vitest';
import { reasonCodes } from './reason.ts';

const codes = Object.keys(reasonCodes);

describe('reasonCodes', () => {
  it('are kebab-case', () => {
    expect(codes.filter((code) => !/^[a-z]+(-[a-z]+)*$/.test(code))).toEqual([]);
  });

  it('are unique in what they say: two codes with one meaning would be one', () => {
    const meanings = Object.values(reasonCodes);
    expect(new Set(meanings).size).toBe(codes.length);
  });

  it('are each explained by a whole sentence', () => {
    expect(Object.entries(reasonCodes).filter(([, text]) => !/^[A-Z].*\.$/.test(text))).toEqual([]);
  });

  it('leave the slash to plugins', () => {
    expect(codes.filter((code) => code.includes('/'))).toEqual([]);
  });
});
