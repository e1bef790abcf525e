/**
 * The type of a dataset's values: the one asked for, or the narrowest that holds all of them. What was spilled before a
 * value that needs a wider type stays as it is on disk, and is widened when it is read again.
 */
import { compareUtf8 } from '../../data/format/byte-order.ts';
import type { ValueType } from '../../data/format/store.ts';
import { NameTally } from '../../data/info/import-report.ts';
import type { InferredType } from '../../data/info/import-warnings.ts';
import type { SkipReason } from '../../data/record.ts';
import { type CheckedValues, checkValues, type ValueLimits } from './check-values.ts';
import type { MissingRule } from './missing-values.ts';

/** What a caller wants; `auto`: the narrowest type that holds all values. */
export type WantedType = ValueType | 'auto';

/** From the narrowest on. */
const TYPES: readonly ValueType[] = ['uint8', 'uint16', 'float32'];

/** From an offset in the spill on, values have a type. */
export interface TypeBegin {
  readonly offset: number;
  readonly type: ValueType;
}

/**
 * The type of what was spilled at an offset.
 * @param begins with rising offsets
 */
export const typeAt = (begins: readonly TypeBegin[], offset: number): ValueType =>
  begins.findLast((begin) => begin.offset <= offset)!.type;

/** What a wider type may mend. */
const TOO_NARROW: ReadonlySet<SkipReason> = new Set(['not-integer', 'out-of-range']);

export class ValueTypes {
  readonly #isWanted: boolean;
  #type: ValueType;
  readonly #begins: TypeBegin[] = [];
  readonly #reals = new NameTally(compareUtf8);

  constructor(wanted: WantedType, missing: MissingRule) {
    this.#isWanted = wanted !== 'auto';
    if (wanted !== 'auto') this.#type = wanted;
    // An integer cannot be missing.
    else this.#type = missing === 'mask' ? 'float32' : 'uint8';
  }

  /** The type of all that was checked so far. */
  get type(): ValueType {
    return this.#type;
  }

  /** The type that was found; undefined where it was asked for. */
  get inferred(): InferredType | undefined {
    return this.#isWanted ? undefined : { valueType: this.#type, reals: this.#reals.finish() };
  }

  /** Checks and converts one sequence, to a wider type if it needs one. */
  check(id: string, raw: ArrayLike<number>, limits: ValueLimits): CheckedValues {
    if (this.#isWanted) return checkValues(raw, this.#type, limits);
    const count = Math.min(raw.length, limits.maximum * limits.channels);
    const checkAs = (type: ValueType): CheckedValues =>
      type !== 'float32' && hasMinusZero(raw, count)
        ? { skipped: 'not-integer' }
        : checkValues(raw, type, limits);
    let checked = checkAs(this.#type);
    for (const type of TYPES.slice(TYPES.indexOf(this.#type) + 1)) {
      if (!('skipped' in checked) || !TOO_NARROW.has(checked.skipped)) break;
      checked = checkAs(type);
      if (!('skipped' in checked)) this.#type = type;
    }
    const isReal = !('skipped' in checked) && this.#type === 'float32' && !areIntegers(raw, count);
    if (isReal) this.#reals.add(id);
    return checked;
  }

  /** To be told where in the spill the values of the sequence checked last begin. */
  spilledAt(offset: number): void {
    if (this.#begins.at(-1)?.type !== this.#type) this.#begins.push({ offset, type: this.#type });
  }

  /** With rising offsets. */
  get begins(): readonly TypeBegin[] {
    return this.#begins;
  }
}

const LARGEST_INTEGER = 0xffff;

/** Whether an integer type holds the first `count` values. */
function areIntegers(values: ArrayLike<number>, count: number): boolean {
  if (values instanceof Uint8Array || values instanceof Uint16Array) return true;
  for (let i = 0; i < count; i++) {
    const value = values[i]!;
    const isInteger = value === Math.floor(value) && value >= 0 && value <= LARGEST_INTEGER;
    if (!isInteger || Object.is(value, -0)) return false;
  }
  return true;
}

/** An integer type would lose the sign. */
function hasMinusZero(values: ArrayLike<number>, count: number): boolean {
  if (values instanceof Uint8Array || values instanceof Uint16Array) return false;
  for (let i = 0; i < count; i++) if (Object.is(values[i], -0)) return true;
  return false;
}
