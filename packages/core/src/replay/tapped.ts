/**
 * The same thing with some of its methods in other hands; what it does not have it does not get. Everything else, also
 * what a later version adds, goes to the thing itself.
 */
export function tapped<T extends object>(target: T, taps: { readonly [K in keyof T]?: T[K] }): T {
  const bound = new Map<PropertyKey, unknown>();
  return new Proxy(target, {
    get: (whole, key) => {
      const value: unknown = Reflect.get(whole, key, whole);
      if (typeof value !== 'function') return value;
      let method = bound.get(key);
      if (method === undefined) {
        method = (taps as { readonly [name: PropertyKey]: unknown })[key] ?? value.bind(whole);
        bound.set(key, method);
      }
      return method;
    },
  });
}
