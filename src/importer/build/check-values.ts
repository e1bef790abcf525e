/** Turns the values of a source into values of the store's type, or says why it cannot. */
import type { ValueType } from '../../data/format/store.ts';
import { ARRAY_OF, allocateValues, type StoredValues } from '../../data/format/values.ts';
import type { SkipReason } from '../../data/record.ts';
import { FloatCheck, type FloatFacts, LARGEST_FLOAT32 } from './float-check.ts';

/** The lengths and values that an import accepts. */
export interface ValueLimits {
  /** In timesteps. */
  readonly minimum: number;
  readonly maximum: number;
  /** What happens to a sequence with more than `maximum` timesteps. */
  readonly longer: 'skip' | 'truncate';
  readonly largestValue?: number | undefined;
  /** Values of one timestep. */
  readonly channels: number;
  /** Whether NaN stands for a missing value. */
  readonly keepsMissing: boolean;
}

/** The converted values, or why the import skips the sequence. */
export type CheckedValues =
  | {
      readonly values: StoredValues;
      readonly length: number;
      readonly truncated: boolean;
      /** Of doubles that became float32, unless a value is missing. */
      readonly facts?: FloatFacts;
    }
  | { readonly skipped: SkipReason };

const LARGEST_INTEGER = { uint8: 0xff, uint16: 0xffff } as const;

/** Checks and converts one sequence; ignores the values that truncation removes. May return a part of `raw`. */
export function checkValues(
  raw: ArrayLike<number>,
  valueType: ValueType,
  limits: ValueLimits,
): CheckedValues {
  const { channels, keepsMissing } = limits;
  const steps = raw.length / channels;
  if (steps === 0) return { skipped: 'empty' };
  if (steps < limits.minimum) return { skipped: 'too-short' };
  const truncated = steps > limits.maximum;
  const largest = limits.largestValue ?? Number.POSITIVE_INFINITY;
  if (truncated && limits.longer === 'skip') return { skipped: 'too-long' };
  const length = truncated ? limits.maximum : steps;
  const own = ownValues(raw, valueType, length * channels, largest);
  if (own !== undefined) return { values: own, length, truncated };
  const values = allocateValues(valueType, length * channels);
  const facts = factsOf(raw, values, largest);
  if (facts !== undefined) return { values, length, truncated, facts };
  const areGood =
    valueType === 'float32'
      ? copyReals(raw, values, largest)
      : copyIntegers(raw, values, Math.min(largest, LARGEST_INTEGER[valueType]));
  if (areGood) return { values, length, truncated };
  for (let i = 0; i < values.length; i++) {
    const isMissing = keepsMissing && Number.isNaN(raw[i]!);
    const problem = isMissing ? undefined : problemOf(raw[i]!, valueType);
    if (problem !== undefined) return { skipped: problem };
    if (raw[i]! > largest) return { skipped: 'unknown-value' };
    values[i] = raw[i]!;
  }
  return { values, length, truncated };
}

let floats: FloatCheck | undefined;

/** Fills float32 values with doubles, if all are good. */
function factsOf(raw: ArrayLike<number>, into: StoredValues, most: number): FloatFacts | undefined {
  if (!(raw instanceof Float64Array && into instanceof Float32Array)) return undefined;
  floats ??= new FloatCheck();
  return floats.convert(raw, into, most);
}

/** Good values that have the type of the dataset: they need no copy. */
function ownValues(
  raw: ArrayLike<number>,
  valueType: ValueType,
  count: number,
  most: number,
): StoredValues | undefined {
  if (!(raw instanceof ARRAY_OF[valueType])) return undefined;
  const values = raw.subarray(0, count);
  const isBounded = valueType === 'float32' || most < LARGEST_INTEGER[valueType];
  return isBounded && !areBounded(values, most) ? undefined : values;
}

function areBounded(values: StoredValues, most: number): boolean {
  for (let i = 0; i < values.length; i++) {
    if (!(Math.abs(values[i]!) <= LARGEST_FLOAT32 && values[i]! <= most)) return false;
  }
  return true;
}

/** Copies values that all are finite as float32 and at most `most`; the long way round says what is wrong with others. */
function copyReals(raw: ArrayLike<number>, into: StoredValues, most: number): boolean {
  for (let i = 0; i < into.length; i++) {
    const value = raw[i]!;
    into[i] = value;
    if (!(Math.abs(into[i]!) <= LARGEST_FLOAT32 && value <= most)) return false;
  }
  return true;
}

/** Copies values that all are integers in [0, most]; the long way round says what is wrong with others. */
function copyIntegers(raw: ArrayLike<number>, into: StoredValues, most: number): boolean {
  for (let i = 0; i < into.length; i++) {
    const value = raw[i]!;
    if (!(value >= 0 && value <= most && value === Math.floor(value))) return false;
    into[i] = value;
  }
  return true;
}

function problemOf(value: number, valueType: ValueType): SkipReason | undefined {
  if (!Number.isFinite(value)) return 'not-finite';
  if (valueType === 'float32') {
    return Number.isFinite(Math.fround(value)) ? undefined : 'out-of-range';
  }
  if (!Number.isInteger(value)) return 'not-integer';
  return value >= 0 && value <= LARGEST_INTEGER[valueType] ? undefined : 'out-of-range';
}
