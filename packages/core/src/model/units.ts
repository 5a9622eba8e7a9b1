/** Milliseconds: a duration, or a reading of the guard's monotonic clock. Names of bare numbers end in `Ms`. */
export type Ms = number;

/** Wall-clock time in milliseconds since 1970-01-01T00:00:00Z. For people and storage, never for intervals. */
export type EpochMs = number;

/** A share between 0 and 1. */
export type Ratio = number;

const unitMs: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};

/**
 * Reads a duration as people write it: `250ms`, `30s`, `1m30s`, `2 h`, `7d`; a bare number means seconds.
 * @returns milliseconds, or `undefined` when the text is not a duration.
 */
export function parseDuration(text: string | number): Ms | undefined {
  if (typeof text === 'number') return amountOf(text * 1_000);
  const trimmed = text.trim();
  if (/^\d+(\.\d+)?$/.test(trimmed)) return amountOf(Number(trimmed) * 1_000);
  if (!/^(\d+(\.\d+)?\s*(ms|s|m|h|d)\s*)+$/.test(trimmed)) return undefined;
  let total = 0;
  for (const [, amount, unit] of trimmed.matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)/g)) {
    total += Number(amount) * (unitMs[unit as string] as number);
  }
  return amountOf(total);
}

/** The value if it is a finite amount from 0: text may hold more digits than a number does. */
function amountOf(value: number): number | undefined {
  return Number.isFinite(value) && value >= 0 ? value : undefined;
}

/** Writes a duration the way `parseDuration` reads it, in its two largest units: `1m30s`. */
export function formatDuration(durationMs: Ms): string {
  const wholeMs = Math.round(durationMs);
  if (wholeMs < 1_000) return `${wholeMs}ms`;
  // Rounded before it is cut up, or 59.96 s would read as 60s.
  let tenths = Math.round(wholeMs / 100);
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's'] as const) {
    const size = (unitMs[unit] as number) / 100;
    const amount = unit === 's' ? tenths / size : Math.floor(tenths / size);
    if (amount > 0 && parts.length < 2) parts.push(`${amount}${unit}`);
    tenths -= amount * size;
  }
  return parts.join('');
}

/**
 * Reads a share: `99.9%` → 0.999, `0.1%` → 0.001, a bare number is taken as the share itself.
 * @returns the share, or `undefined` when the text is not one or lies outside 0–1.
 */
export function parseRatio(text: string | number): Ratio | undefined {
  const percent = typeof text === 'string' && /^\s*\d+(\.\d+)?\s*%\s*$/.test(text);
  const value = percent
    ? Number.parseFloat(text) / 100
    : typeof text === 'number' || /^\s*\d*\.?\d+\s*$/.test(text)
      ? Number(text)
      : Number.NaN;
  // 99.9 / 100 is 0.9990000000000001 in binary: round to 12 digits so that 99.9% is 0.999.
  const rounded = Math.round(value * 1e12) / 1e12;
  return rounded >= 0 && rounded <= 1 ? rounded : undefined;
}

const byteUnits: Readonly<Record<string, number>> = { k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };

/**
 * Reads a size as Docker does: `512m`, `2GB`, `1.5GiB`; GB = 1024³; a bare number is bytes.
 * @returns bytes, or `undefined` when the text is not a size.
 */
export function parseBytes(text: string | number): number | undefined {
  if (typeof text === 'number') return amountOf(text);
  const match = /^\s*(\d+(?:\.\d+)?)\s*(?:b|([kmgt])(?:i?b)?)?\s*$/i.exec(text);
  if (!match) return undefined;
  const [, amount, unit] = match;
  return amountOf(Math.round(Number(amount) * (unit === undefined ? 1 : (byteUnits[unit.toLowerCase()] as number))));
}
