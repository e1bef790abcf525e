/** What an import does about missing values (NaN) before it checks the values. Pure. */
import type { RawRecord } from '../../data/record.ts';

/** Leaves the sequence out, cuts it before missing timesteps at its end, fills values in, or keeps them as missing. */
export const MISSING_RULES = ['skip', 'strip-tail', 'interpolate', 'mask'] as const;
export type MissingRule = (typeof MISSING_RULES)[number];

/** A record without the missing values that the rule removes; `undefined` if it has no other values. */
export interface WithoutMissing {
  readonly record: RawRecord;
  /** Timesteps that were cut off its end. */
  readonly stripped: number;
  /** Values that were filled in. */
  readonly filled: number;
  /** Values that stay missing. */
  readonly kept: number;
}

/**
 * @returns undefined for a sequence whose values are all missing, unless the rule is `skip`
 */
export function withoutMissing(raw: RawRecord, rule: MissingRule): WithoutMissing | undefined {
  const isStripped = rule === 'strip-tail' || raw.isPadded;
  const record = isStripped ? withoutMissingTail(raw) : raw;
  const { channels = 1 } = raw;
  const stripped = (raw.values.length - record.values.length) / channels;
  const { length } = record.values;
  if (raw.values.length > 0 && length === 0) return undefined;
  if (rule === 'mask' && length > 0 && countMissing(record.values) === length) return undefined;
  if (rule === 'mask') return { record, stripped, filled: 0, kept: countMissing(record.values) };
  if (rule !== 'interpolate') return { record, stripped, filled: 0, kept: 0 };
  const interpolated = interpolate(record.values, channels);
  if (interpolated === undefined) return undefined;
  const { values, filled } = interpolated;
  return { record: { ...record, values }, stripped, filled, kept: 0 };
}

/** The record up to its last timestep that has a value in some channel. */
function withoutMissingTail(raw: RawRecord): RawRecord {
  const { values, channels = 1, timestepLabels } = raw;
  let last = values.length;
  while (last > 0 && Number.isNaN(values[last - 1])) last--;
  const steps = Math.ceil(last / channels);
  const end = steps * channels;
  if (end === values.length) return raw;
  return {
    ...raw,
    values: Array.prototype.slice.call(values, 0, end) as number[],
    ...(timestepLabels && { timestepLabels: timestepLabels.slice(0, steps) }),
  };
}

/**
 * Fills missing values of each channel: on the straight line between their neighbours, at the ends with the nearest
 * value.
 * @returns undefined if a channel has no value
 */
function interpolate(
  raw: ArrayLike<number>,
  channels: number,
): { values: ArrayLike<number>; filled: number } | undefined {
  if (countMissing(raw) === 0) return { values: raw, filled: 0 };
  const values = new Float64Array(raw);
  let filled = 0;
  for (let channel = 0; channel < channels; channel++) {
    const count = fillChannel(values, channel, channels);
    if (count === undefined) return undefined;
    filled += count;
  }
  return { values, filled };
}

function countMissing(values: ArrayLike<number>): number {
  let count = 0;
  for (let i = 0; i < values.length; i++) if (Number.isNaN(values[i])) count++;
  return count;
}

function fillChannel(values: Float64Array, first: number, step: number): number | undefined {
  let filled = 0;
  let before = -1;
  for (let at = first; at < values.length; at += step) {
    if (Number.isNaN(values[at])) continue;
    const from = before < 0 ? first : before + step;
    for (let gap = from; gap < at; gap += step) {
      const share = (gap - before) / (at - before);
      values[gap] = before < 0 ? values[at]! : values[before]! * (1 - share) + values[at]! * share;
      filled++;
    }
    before = at;
  }
  if (before < 0) return undefined;
  for (let gap = before + step; gap < values.length; gap += step) {
    values[gap] = values[before]!;
    filled++;
  }
  return filled;
}
