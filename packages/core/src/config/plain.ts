import type { PathPart } from '../runtime/json-schema.ts';
import type { Found } from './problem.ts';
import { useAllowed } from './problem.ts';

/** Deeper than this no config is; deeper input is made to exhaust the stack. */
const deepest = 64;

/** Values, all together; what has more was blown up by aliases or by a program. */
const mostValues = 100_000;

interface Copying {
  readonly problems: Found[];
  readonly ancestors: Set<object>;
  values: number;
}

/**
 * A deep copy of a value that is JSON, for we fill in defaults and must not write into what belongs to the caller.
 * What is not JSON (functions, dates, NaN, cycles, `__proto__`) is reported and left out.
 */
export function copyPlain(value: unknown, problems: Found[]): unknown {
  return copy(value, [], { problems, ancestors: new Set(), values: 0 });
}

function copy(value: unknown, path: readonly PathPart[], state: Copying): unknown {
  state.values += 1;
  if (state.values > mostValues) return refuse('more values', `at most ${mostValues} values`, [], state);
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return value;
  if (typeof value === 'number')
    return Number.isFinite(value) ? value : refuse(String(value), 'a finite number', path, state);
  if (typeof value !== 'object')
    return refuse(`a ${typeof value}`, 'text, number, true, false, null, list or object', path, state);
  if (path.length > deepest) return refuse('more levels', `at most ${deepest} levels`, path.slice(0, 3), state);
  if (state.ancestors.has(value)) return refuse('an object inside itself', 'a tree', path, state);
  state.ancestors.add(value);
  const copied = Array.isArray(value)
    ? value.map((item, index) => copy(item, [...path, index], state))
    : copyObject(value, path, state);
  state.ancestors.delete(value);
  return copied;
}

function copyObject(value: object, path: readonly PathPart[], state: Copying): unknown {
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== null && Object.getPrototypeOf(prototype) !== null) {
    return refuse(`a ${value.constructor.name || 'class instance'}`, 'a plain object', path, state);
  }
  const copied: { [key: string]: unknown } = {};
  for (const [key, member] of Object.entries(value)) {
    if (member === undefined) continue;
    if (key === '__proto__') refuse('an unknown key', 'any other name', [...path, key], state);
    else copied[key] = copy(member, [...path, key], state);
  }
  return copied;
}

function refuse(found: string, allowed: string, path: readonly PathPart[], { problems }: Copying): undefined {
  const known = problems.some((problem) => problem.found === found && problem.path.join() === path.join());
  if (!known) problems.push({ path, found, allowed, remedy: useAllowed });
  return undefined;
}

/** Freezes a value and everything in it. */
export function deepFreeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  Object.freeze(value);
  for (const member of Object.values(value)) deepFreeze(member);
  return value;
}

/** The second laid over the first: where both are objects member by member, else the second; lists are taken whole. */
export function overlay<T>(base: T, over: unknown): T {
  if (over === undefined) return base;
  if (!isObject(base) || !isObject(over)) return over as T;
  const merged: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(over)) merged[key] = overlay(base[key], value);
  return merged as T;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
