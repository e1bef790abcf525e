/** Cells of columnar files: Parquet and Arrow. */

import { isRoundedInteger, RoundedInteger, refuseRounded } from '../../core/exact-integer.ts';
import { doublesOf, filled } from '../../core/typed-arrays.ts';
import type { NumberArray } from '../../source/file/number-array.ts';
import type { Decimal } from './decimal.ts';

/** One value of a column; null is a missing one. */
export type Scalar = string | number | bigint | boolean | Date | Decimal | null;

/** A moment to the nanosecond: a Date has milliseconds. */
export class Moment extends Date {
  readonly #belowMillisecond: number;

  /** @param nanoseconds since 1970 */
  constructor(nanoseconds: bigint) {
    const rest = ((nanoseconds % NANOSECONDS) + NANOSECONDS) % NANOSECONDS;
    super(Number((nanoseconds - rest) / NANOSECONDS));
    this.#belowMillisecond = Number(rest);
  }

  override toISOString(): string {
    const text = super.toISOString();
    const rest = this.#belowMillisecond;
    return rest === 0 ? text : text.replace('Z', `${String(rest).padStart(6, '0')}Z`);
  }
}

/** Of a millisecond. */
const NANOSECONDS = 1_000_000n;

/** A list, or a list of lists: the items one after the other. An absent inner list has no items. */
export interface ListCell {
  readonly items: NumberArray | readonly Scalar[];
  /** Lengths of the inner lists; absent in a plain list. */
  readonly lengths?: readonly number[];
}

/** An absent list is null. */
export type Cell = Scalar | ListCell;

/** A column of a table. */
export interface ColumnFacts {
  readonly name: string;
  /** Names of the classes that its integers number, as Hugging Face's datasets keep them. */
  readonly classNames?: readonly string[] | undefined;
}

/** A file with columns that are read row by row. */
export interface ColumnarFile {
  /** For messages. */
  readonly path: string;
  readonly columns: readonly ColumnFacts[];
  /** The rows from first to last: the cells of the named columns, which exist, in the order of the names. */
  rows(names: readonly string[]): AsyncGenerator<readonly Cell[]>;
  close(): Promise<void>;
}

export function isList(cell: Cell): cell is ListCell {
  return typeof cell === 'object' && cell !== null && 'items' in cell;
}

/** Typed arrays of numbers, without DataView. */
export function isNumberArray(items: ListCell['items']): items is NumberArray {
  return ArrayBuffer.isView(items);
}

/**
 * Items as numbers; a missing one is NaN, true is 1.
 * @throws Error for text; RoundedInteger
 */
export function numbersOf(items: ListCell['items']): ArrayLike<number> {
  if (!isNumberArray(items)) {
    return filled(new Float64Array(items.length), (i) => numberOf(items[i]!));
  }
  if (!(items instanceof BigInt64Array || items instanceof BigUint64Array)) return items;
  const doubles = doublesOf(items);
  refuseRounded(items, doubles);
  return doubles;
}

function numberOf(item: Scalar): number {
  if (item === null) return Number.NaN;
  if (typeof item === 'string' || item instanceof Date) {
    throw new Error(`"${textOf(item).slice(0, 40)}" is not a number`);
  }
  const number = Number(item);
  if (!Number.isSafeInteger(number)) refuseRoundedItem(item, number);
  return number;
}

/** Numbers that are no integers in the file are as they should be. */
function refuseRoundedItem(item: Scalar, number: number): void {
  const isRounded =
    typeof item === 'bigint' ? BigInt(number) !== item : isRoundedInteger(String(item));
  if (isRounded && typeof item !== 'number') throw new RoundedInteger(String(item));
}

/** A scalar as text, integers digit by digit; a missing one is ''. */
export function textOf(scalar: Scalar): string {
  if (scalar === null || (typeof scalar === 'number' && Number.isNaN(scalar))) return '';
  const isTime = scalar instanceof Date && !Number.isNaN(scalar.getTime());
  return isTime ? scalar.toISOString() : String(scalar);
}
