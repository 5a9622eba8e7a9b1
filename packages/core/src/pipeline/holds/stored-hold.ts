import type { EpochMs, Hold, HoldScope, Json, JsonObject, Ms } from '../../model/index.ts';
import { isId } from '../../model/index.ts';

/** A hold lasts no longer than this. */
export const longestMs: Ms = 30 * 86_400_000;

/** A hold as it was stored, and whether it is whole. */
export interface StoredHold {
  readonly hold: Hold;
  readonly damaged: boolean;
}

/**
 * Reads a hold. Somebody wanted something to be left alone: of one that is damaged as much is held as it can have meant, for
 * as long as a hold can last, until a person releases it (R14).
 */
export function holdFrom(id: string, value: Json, now: EpochMs): StoredHold {
  const given = isObject(value) ? value : {};
  const { at, until, reason, by, maintenance } = given;
  const scope = scopeFrom(given['scope']);
  const isWhole = scope !== undefined && isMoment(at) && isMoment(until) && isText(reason) && isText(by);
  if (isWhole && given['id'] === id && typeof maintenance === 'boolean')
    return { hold: value as unknown as Hold, damaged: false };
  const hold: Hold = {
    id,
    scope: scope ?? { kind: 'fleet' },
    reason: isText(reason) ? reason : 'its record is damaged',
    by: isText(by) ? by : 'somebody',
    at: isMoment(at) ? at : now,
    until: isMoment(until) ? until : now + longestMs,
    maintenance: maintenance === true,
  };
  return { hold, damaged: true };
}

function scopeFrom(value: Json | undefined): HoldScope | undefined {
  if (!isObject(value)) return undefined;
  const { kind, group, agentId } = value;
  if (kind === 'group' && isId(group)) return { kind, group };
  if (kind === 'agent' && isId(agentId)) return { kind, agentId };
  return kind === 'fleet' ? { kind } : undefined;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isMoment(value: Json | undefined): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}

function isText(value: Json | undefined): value is string {
  return typeof value === 'string' && value !== '';
}
