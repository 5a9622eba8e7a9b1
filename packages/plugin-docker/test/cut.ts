import { EngineError } from '../src/engine/engine-error.ts';
import type { Engine } from '../src/engine/engine.ts';

const changing = new Set<string | symbol>([
  'create',
  'start',
  'stop',
  'restart',
  'remove',
  'rename',
  'setRestartPolicy',
  'attach',
  'detach',
]);

/** Where a guard dies: before a change of the engine is asked for, or when it is done and not yet answered. */
export interface Cut {
  /** Which change, counted from 1. */
  readonly at: number;
  readonly when: 'before' | 'after';
}

/** An engine as a guard sees it that dies at one change: that one is done or not, and nothing comes after it. */
export class CutEngine {
  #changes = 0;
  #dead = false;
  #armed = false;
  readonly #cut: Cut;

  constructor(cut: Cut) {
    this.#cut = cut;
  }

  /** Whether it came so far. */
  get isDead(): boolean {
    return this.#dead;
  }

  /** Changes count from now on. */
  arm(): void {
    this.#armed = true;
  }

  wrap(engine: Engine): Engine {
    return new Proxy(engine, {
      get: (target, name) => {
        const value: unknown = Reflect.get(target, name, target);
        if (typeof value !== 'function') return value;
        if (name === 'close') return () => target.close();
        const call = (...args: unknown[]): unknown => Reflect.apply(value, target, args);
        return changing.has(name) ? (...args: unknown[]) => this.#change(() => call(...args)) : this.#look(call);
      },
    });
  }

  #look(call: (...args: unknown[]) => unknown): (...args: unknown[]) => unknown {
    return (...args) => (this.#dead && this.#armed ? Promise.reject(died()) : call(...args));
  }

  async #change(call: () => unknown): Promise<unknown> {
    if (this.#dead) throw died();
    this.#changes += this.#armed ? 1 : 0;
    if (!this.#armed || this.#changes !== this.#cut.at) return call();
    if (this.#cut.when === 'after') await call();
    this.#dead = true;
    throw died();
  }
}

function died(): Error {
  return new EngineError('the guard is dead', { lost: true });
}
