/** Cells of one column in one record batch of Arrow. */
import type { Data as ArrowData } from 'apache-arrow';
import { Type, Vector } from '../../data/format/arrow.ts';
import type { NumberArray } from '../../source/file/number-array.ts';
import { type Cell, type ListCell, Moment, type Scalar } from './cell.ts';
import { Decimal } from './decimal.ts';
import { UnreadableColumn } from './unreadable-column.ts';

/** @throws UnreadableColumn; Error for damaged offsets */
export function cellsOf(name: string, column: ArrowData): (row: number) => Cell {
  if (column.typeId === Type.Null) return () => null;
  if (!KINDS().includes(kindOf(itemsIn(column, MOST_LISTS)))) {
    throw new UnreadableColumn(name, String(column.type));
  }
  if (!isListType(column.typeId)) return scalarsOf(column);
  const inner = column.children[0]!;
  if (!isListType(inner.typeId)) {
    const itemsOf = itemReader(inner);
    return (row) => {
      if (!column.getValid(row)) return null;
      const { start, end } = boundsOf(column, row);
      return { items: itemsOf(start, end) };
    };
  }
  return nestedCellsOf(column, inner);
}

/** Lists in one another. */
const MOST_LISTS = 2;

/** What stands in lists, up to a number of lists in one another. */
const itemsIn = (column: ArrowData, lists: number): ArrowData =>
  lists > 0 && isListType(column.typeId) ? itemsIn(column.children[0]!, lists - 1) : column;

/** The type of a column, or of the dictionary that it counts. */
const kindOf = ({ typeId, type }: ArrowData): number =>
  typeId === Type.Dictionary
    ? (type as unknown as { dictionary: { typeId: number } }).dictionary.typeId
    : typeId;

/** Lists of lists: the items of one row lie between the start of its first and the end of its last inner list. */
function nestedCellsOf(column: ArrowData, inner: ArrowData): (row: number) => Cell {
  const itemsOf = itemReader(inner.children[0]!);
  return (row) => {
    if (!column.getValid(row)) return null;
    const { start, end } = boundsOf(column, row);
    const lists = Array.from({ length: end - start }, (_, i) => boundsOf(inner, start + i));
    const lengths = lists.map((list) => list.end - list.start);
    const first = lists[0]?.start ?? 0;
    const last = lists.at(-1)?.end ?? 0;
    // A list that is null may still cover items, which are none of its own.
    const isWhole = lengths.reduce((sum, length) => sum + length, 0) === last - first;
    const items = isWhole
      ? itemsOf(first, last)
      : lists.flatMap((list) => [...itemsOf(list.start, list.end)]);
    return { items: items as ListCell['items'], lengths };
  };
}

const isListType = (type: number): boolean =>
  type === Type.List || type === Type.LargeList || type === Type.FixedSizeList;

/** Where the items of a list lie; an absent list has none. */
function boundsOf(list: ArrowData, row: number): { start: number; end: number } {
  if (!list.getValid(row)) return { start: 0, end: 0 };
  const child = list.children[0]!;
  const { start, end } =
    list.typeId === Type.FixedSizeList ? fixedBounds(list, row) : offsetsOf(list, row);
  if (start >= 0 && start <= end && end <= child.length) return { start, end };
  throw new Error('a list lies outside the items');
}

function fixedBounds(list: ArrowData, row: number): { start: number; end: number } {
  const { listSize } = list.type as unknown as { listSize: number };
  return { start: row * listSize, end: (row + 1) * listSize };
}

function offsetsOf({ valueOffsets }: ArrowData, row: number): { start: number; end: number } {
  const offsets = valueOffsets as ArrayLike<number | bigint>;
  return { start: Number(offsets[row] ?? -1), end: Number(offsets[row + 1] ?? -1) };
}

/** Types whose values lie side by side as JavaScript's own numbers. */
const PLAIN = (): readonly number[] => [Type.Int, Type.Float];

/** Reads items from one to before another. */
function itemReader(items: ArrowData): (start: number, end: number) => ListCell['items'] {
  const isHalf =
    items.typeId === Type.Float && (items.type as unknown as { precision: number }).precision === 0;
  const read = scalarsOf(items);
  const scalars = (start: number, end: number) =>
    Array.from({ length: end - start }, (_, i) => read(start + i));
  if (!PLAIN().includes(items.typeId) || isHalf || items.nullCount > 0) return scalars;
  return (start, end) => {
    const values = items.values as NumberArray;
    if (end > values.length) throw new Error('items are cut off');
    return values.subarray(start, end);
  };
}

const KINDS = (): readonly number[] => [
  Type.Null,
  Type.Int,
  Type.Float,
  Type.Utf8,
  Type.LargeUtf8,
  Type.Utf8View,
  Type.Bool,
  Type.Timestamp,
  Type.Date,
  Type.Dictionary,
  Type.Decimal,
];

function scalarsOf(data: ArrowData): (row: number) => Scalar {
  const type = kindOf(data);
  if (data.typeId === Type.Timestamp) return momentsOf(data);
  if (data.typeId === Type.Decimal) return decimalsOf(data);
  const isTime = type === Type.Timestamp || type === Type.Date;
  const vector = new Vector([data]);
  return (row) => {
    const value = vector.get(row) as Scalar;
    // The decoder replaces bytes that are no UTF-8.
    if (typeof value === 'string' && value.includes('\uFFFD'))
      throw new Error('a text is not valid UTF-8');
    return isTime && typeof value === 'number' ? new Date(value) : value;
  };
}

/** Words of 32 bits, the least significant one first. */
function decimalsOf(data: ArrowData): (row: number) => Scalar {
  const { scale, bitWidth } = data.type as unknown as { scale: number; bitWidth: number };
  const words = data.values as Uint32Array;
  const size = bitWidth / 32;
  return (row) => {
    if (!data.getValid(row)) return null;
    let value = 0n;
    for (let i = size - 1; i >= 0; i--) value = (value << 32n) | BigInt(words[row * size + i]!);
    return new Decimal(BigInt.asIntN(bitWidth, value), scale);
  };
}

/** Of a second, a millisecond, a microsecond and a nanosecond: Arrow's units. */
const NANOSECONDS = [1_000_000_000n, 1_000_000n, 1000n, 1n];

function momentsOf(data: ArrowData): (row: number) => Scalar {
  const factor = NANOSECONDS[(data.type as unknown as { unit: number }).unit]!;
  const values = data.values as BigInt64Array;
  return (row) => (data.getValid(row) ? new Moment(values[row]! * factor) : null);
}
