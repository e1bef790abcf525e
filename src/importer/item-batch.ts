/**
 * Items that go to another thread, or into a journal, together. Their values lie one after the other in one piece of
 * memory, in the narrowest type that holds each of them exactly.
 */
import { deserialize, serialize } from 'node:v8';
import { type ImportItem, isSkip } from '../data/record.ts';
import { columnsOf, type ItemColumns, itemsOf } from './item-columns.ts';

/** A batch of this size, or of a single larger item. */
const BATCH_BYTES = 2 ** 20;
/** What an item has beside its values, roughly. */
const ITEM_BYTES = 256;
/** Values of each item begin where any type may. */
const ALIGNMENT = 8;

/** From narrow to wide. */
const TYPES = [Uint8Array, Uint16Array, Float32Array, Float64Array] as const;
type KeptValues = InstanceType<(typeof TYPES)[number]>;

/** A batch as bytes. */
export interface EncodedBatch {
  /** The items; instead of their values, their type and count. */
  readonly items: Uint8Array;
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Items that were read together. */
export interface ReadBatch {
  readonly items: readonly ImportItem[];
  encode(): EncodedBatch;
}

/** The same items in batches. Those ahead of a failure come first: one of them may be refused. */
export async function* inBatches(
  items: AsyncIterable<ImportItem> | Iterable<ImportItem>,
): AsyncGenerator<ReadBatch, void> {
  let batch: ItemBatch | undefined;
  let failure: { readonly error: unknown } | undefined;
  try {
    for await (const item of items) {
      if (batch?.hasRoomFor(item) === false) {
        yield batch;
        batch = undefined;
      }
      batch ??= new ItemBatch(item);
      batch.add(item);
    }
  } catch (error) {
    failure = { error };
  }
  if (batch !== undefined) yield batch;
  if (failure !== undefined) throw failure.error;
}

export async function* itemsOfBatches(
  batches: AsyncIterable<ReadBatch>,
): AsyncGenerator<ImportItem, void> {
  for await (const { items } of batches) yield* items;
}

/** Grows by one item after the other. */
class ItemBatch implements ReadBatch {
  readonly items: ImportItem[] = [];
  readonly #memory: Memory;
  #used = 0;

  /** @param first the item that it must have room for */
  constructor(first: ImportItem) {
    this.#memory = new Memory(Math.max(BATCH_BYTES, mostBytes(first)));
  }

  hasRoomFor(item: ImportItem): boolean {
    const sizeBytes = this.#used + this.items.length * ITEM_BYTES;
    return sizeBytes + mostBytes(item) <= BATCH_BYTES;
  }

  /** Keeps a copy of the values, which nothing changes later. */
  add(item: ImportItem): void {
    this.items.push(isSkip(item) ? item : { ...item, values: this.#keep(item.values) });
  }

  #keep(values: ArrayLike<number>): KeptValues {
    const kept = this.#memory.copy(values, this.#used);
    this.#used = aligned(this.#used + kept.byteLength);
    return kept;
  }

  encode(): EncodedBatch {
    const columns = columnsOf(this.items);
    const values = columns.columns.get('values') as KeptValues[] | undefined;
    const described = new Map(columns.columns).set('values', values?.map(describe) ?? []);
    return {
      items: serialize({ ...columns, columns: described }),
      values: this.#memory.bytes.subarray(0, this.#used),
    };
  }
}

/**
 * The items of an encoded batch.
 * @param values at the start of their memory
 */
export function decodeBatch({ items, values }: EncodedBatch): ImportItem[] {
  let at = 0;
  const columns = deserialize(items) as ItemColumns;
  const described = columns.columns.get('values') as readonly number[];
  const kept = described.map((one) => {
    const count = Math.floor(one / TYPES.length);
    const part = new TYPES[one % TYPES.length]!(values.buffer, values.byteOffset + at, count);
    at = aligned(at + part.byteLength);
    return part;
  });
  const all = { ...columns, columns: new Map(columns.columns).set('values', kept) };
  return itemsOf(all) as unknown as ImportItem[];
}

const aligned = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

const mostBytes = (item: ImportItem): number =>
  isSkip(item) ? 0 : aligned(item.values.length * Float64Array.BYTES_PER_ELEMENT);

/** Type and count in one number. */
const describe = (values: KeptValues): number =>
  values.length * TYPES.length + TYPES.indexOf(values.constructor as (typeof TYPES)[number]);

/** One piece of memory as numbers of each type. */
class Memory {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly #views: readonly KeptValues[];

  constructor(sizeBytes: number) {
    const buffer = new ArrayBuffer(sizeBytes);
    this.bytes = new Uint8Array(buffer);
    this.#views = TYPES.map((type) => new type(buffer));
  }

  /** Values from byte `at` on: in their own type, or those of another array in the narrowest that holds them. */
  copy(values: ArrayLike<number>, at: number): KeptValues {
    const own = this.#views.find((view) => view.constructor === values.constructor);
    if (own !== undefined && !(own instanceof Float64Array)) {
      const kept = partOf(own, at, values.length);
      kept.set(values);
      return kept;
    }
    const bits = bitsOf(values);
    if (bits >= 0) {
      const kept = partOf(this.#views[bits > 0xff ? 1 : 0]!, at, values.length);
      kept.set(values);
      return kept;
    }
    const [singles, doubles] = this.#views.slice(2) as [KeptValues, KeptValues];
    const kept = partOf(singles, at, values.length);
    if (holds(kept, values)) return kept;
    const wide = partOf(doubles, at, values.length);
    wide.set(values);
    return wide;
  }
}

/** The bits that any of the values has, if all are integers of 16 bits; else -1. */
function bitsOf(values: ArrayLike<number>): number {
  let bits = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const integer = value & 0xffff;
    if (integer !== value || (value === 0 && Object.is(value, -0))) return -1;
    bits |= integer;
  }
  return bits;
}

const partOf = (view: KeptValues, at: number, count: number): KeptValues =>
  view.subarray(at / view.BYTES_PER_ELEMENT, at / view.BYTES_PER_ELEMENT + count);

/** Writes values into an array until one comes back changed. */
function holds(into: KeptValues, values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) {
    into[i] = values[i]!;
    if (!Object.is(into[i], values[i])) return false;
  }
  return true;
}
