import type { Json, JsonObject, Leadership } from '../../model/index.ts';

const outcomes: { readonly [O in NonNullable<Leadership['last']['outcome']>]: true } = {
  led: true,
  'not-led': true,
  unknown: true,
};

/** Reads who leads a group; `undefined` when the record is damaged. */
export function readLeadership(value: Json): Leadership | undefined {
  if (!isObject(value) || !isObject(value['last'])) return undefined;
  const { epoch, primary } = value;
  const { from, to, at, outcome } = value['last'];
  if (!isEpoch(epoch) || typeof from !== 'string' || typeof to !== 'string' || !Number.isFinite(at)) return undefined;
  if (outcome !== undefined && !(typeof outcome === 'string' && Object.hasOwn(outcomes, outcome))) return undefined;
  const isKnown = isObject(primary) && typeof primary['agentId'] === 'string' && isEpoch(primary['epoch']);
  return primary === undefined || isKnown ? (value as unknown as Leadership) : undefined;
}

function isEpoch(value: Json | undefined): boolean {
  return Number.isSafeInteger(value) && Number(value) >= 0;
}

function isObject(value: Json | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
