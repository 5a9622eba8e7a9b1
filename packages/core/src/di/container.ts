// tsyringe refuses to load before it.
import 'reflect-metadata';
import { container as root, type DependencyContainer } from 'tsyringe';
import { guardError } from '../contracts/errors.ts';
import type { Token } from './tokens.ts';

/** What a factory may ask for. */
export interface Provider {
  get<T>(token: Token<T>): T;
}

/**
 * Everything that belongs to one guard: each thing is made at its first use, once, and never seen by another scope.
 * It only wires; starting and stopping is the lifecycle's business.
 */
export interface Scope extends Provider {
  /** Says how a thing is made. A token is provided once. */
  provide<T>(token: Token<T>, factory: (scope: Provider) => T): void;
  has<T>(token: Token<T>): boolean;
}

/** A scope of its own; one for every guard. */
export function createScope(): Scope {
  return new ContainerScope();
}

class ContainerScope implements Scope {
  readonly #container: DependencyContainer = root.createChildContainer();
  /** What is being made now, outermost first. */
  readonly #making: { readonly id: string; readonly symbol: symbol }[] = [];

  provide<T>(token: Token<T>, factory: (scope: Provider) => T): void {
    if (this.#container.isRegistered(token.symbol)) {
      throw guardError('GUARD_INVARIANT', { what: `${token.id} is provided twice in one scope` });
    }
    let made: { readonly value: T } | undefined;
    this.#container.register<T>(token.symbol, {
      useFactory: () => (made ??= { value: this.#make(token, factory) }).value,
    });
  }

  get<T>(token: Token<T>): T {
    if (!this.#container.isRegistered(token.symbol)) {
      const wanted = this.#making.map(({ id }) => id).join(' → ');
      throw guardError('GUARD_INVARIANT', {
        what: `nothing provides ${token.id}${wanted === '' ? '' : `, which is needed by ${wanted}`}`,
      });
    }
    return this.#container.resolve<T>(token.symbol);
  }

  has<T>(token: Token<T>): boolean {
    return this.#container.isRegistered(token.symbol);
  }

  #make<T>(token: Token<T>, factory: (scope: Provider) => T): T {
    const start = this.#making.findIndex(({ symbol }) => symbol === token.symbol);
    if (start >= 0) {
      const circle = [...this.#making.slice(start), token].map(({ id }) => id).join(' → ');
      throw guardError('GUARD_INVARIANT', { what: `a circle of dependencies: ${circle}` });
    }
    this.#making.push(token);
    try {
      return factory(this);
    } finally {
      this.#making.pop();
    }
  }
}
