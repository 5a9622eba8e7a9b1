import type { Engine } from '../src/engine/engine.ts';

/** The engine, one call of which goes wrong: before it is done, or so that it is done and the answer lost. */
export function failing(method: keyof Engine & string, fault: { readonly error: Error; readonly after?: boolean }) {
  let left = 1;
  return (engine: Engine): Engine =>
    new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        return async (...args: unknown[]): Promise<unknown> => {
          if (name !== method || left === 0) return Reflect.apply(value, target, args);
          left -= 1;
          if (fault.after === true) await Reflect.apply(value, target, args);
          throw fault.error;
        };
      },
    });
}
