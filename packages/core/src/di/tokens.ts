/** A name under which a scope gives out one thing, and the type of that thing. */
export interface Token<T> {
  readonly id: string;
  readonly symbol: symbol;
  /** Never set; it carries the type, so that a token of one thing cannot be used for another. */
  readonly type?: (value: T) => T;
}

/** Makes a token. Two with the same id are two tokens: nothing is found by its name. */
export function token<T>(id: string): Token<T> {
  return Object.freeze({ id, symbol: Symbol(id) });
}
