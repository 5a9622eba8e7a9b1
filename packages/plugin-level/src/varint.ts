/** Reads LevelDB's variable-length whole numbers and length-prefixed strings from a buffer, one after another. */
export class VarintReader {
  readonly #bytes: Buffer;
  #at: number;

  constructor(bytes: Buffer, from = 0) {
    this.#bytes = bytes;
    this.#at = from;
  }

  get at(): number {
    return this.#at;
  }

  /** Whether everything was read; also when a number or string ran over the end. */
  get done(): boolean {
    return this.#at >= this.#bytes.length;
  }

  number(): number {
    let value = 0;
    for (let scale = 1; !this.done; scale *= 128) {
      const byte = this.#bytes[this.#at] as number;
      this.#at += 1;
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) break;
    }
    return value;
  }

  skip(bytes: number): void {
    this.#at += bytes;
  }

  skipString(): void {
    this.skip(this.number());
  }
}
