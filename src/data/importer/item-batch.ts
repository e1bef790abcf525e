/**
 * Items that go to another thread, or into a journal, together. Their values lie one after the other in one piece of
 * memory, in the narrowest type that holds each of them exactly.
 */
import { deserialize, serialize } from 'node:v8';
import { type ImportItem, isSkip } from './record.ts';

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
  /** The items; instead of their values, number of the type and count. */
  readonly items: Uint8Array;
  readonly values: Uint8Array<ArrayBuffer>;
}

/** Grows by one item after the other. */
export class ItemBatch {
  readonly #memory: Memory;
  readonly #items: ImportItem[] = [];
  #used = 0;

  /** @param first the item that it must have room for */
  constructor(first: ImportItem) {
    this.#memory = new Memory(Math.max(BATCH_BYTES, mostBytes(first)));
  }

  /** Of memory and of the disk, roughly. */
  get sizeBytes(): number {
    return this.#used + this.#items.length * ITEM_BYTES;
  }

  hasRoomFor(item: ImportItem): boolean {
    return this.sizeBytes + mostBytes(item) <= BATCH_BYTES;
  }

  /** Returns the item with its values in the batch, which nothing changes later. */
  add(item: ImportItem): ImportItem {
    const kept = isSkip(item) ? item : { ...item, values: this.#keep(item.values) };
    this.#items.push(kept);
    return kept;
  }

  #keep(values: ArrayLike<number>): KeptValues {
    const kept = this.#memory.copy(values, this.#used);
    this.#used = aligned(this.#used + kept.byteLength);
    return kept;
  }

  encode(): EncodedBatch {
    const items = this.#items.map((item) =>
      isSkip(item) ? item : { ...item, values: describe(item.values as KeptValues) },
    );
    return { items: serialize(items), values: this.#memory.bytes.subarray(0, this.#used) };
  }
}

/**
 * The items of an encoded batch.
 * @param values at the start of their memory
 */
export function decodeBatch({ items, values }: EncodedBatch): ImportItem[] {
  let at = 0;
  return (deserialize(items) as ImportItem[]).map((item) => {
    if (isSkip(item)) return item;
    const [type, count] = item.values as unknown as ReturnType<typeof describe>;
    const kept = new TYPES[type]!(values.buffer, values.byteOffset + at, count);
    at = aligned(at + kept.byteLength);
    return Object.assign(item, { values: kept });
  });
}

const aligned = (at: number): number => Math.ceil(at / ALIGNMENT) * ALIGNMENT;

const mostBytes = (item: ImportItem): number =>
  isSkip(item) ? 0 : aligned(item.values.length * Float64Array.BYTES_PER_ELEMENT);

const describe = (values: KeptValues): [type: number, count: number] => [
  TYPES.indexOf(values.constructor as (typeof TYPES)[number]),
  values.length,
];

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
    const narrowest = this.#views.find((view) => holds(view, at / view.BYTES_PER_ELEMENT, values));
    return partOf(narrowest!, at, values.length);
  }
}

const partOf = (view: KeptValues, at: number, count: number): KeptValues =>
  view.subarray(at / view.BYTES_PER_ELEMENT, at / view.BYTES_PER_ELEMENT + count);

/** Writes values into an array until one comes back changed. */
function holds(into: KeptValues, at: number, values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) {
    into[at + i] = values[i]!;
    if (!Object.is(into[at + i], values[i])) return false;
  }
  return true;
}
