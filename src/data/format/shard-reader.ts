/** Reads values of one shard: whole record batches that stay in memory, or only the values asked for. */
import type { List } from './arrow.ts';
import { ArrowBlocks, type FilePart, type OnRead } from './arrow-blocks.ts';
import { type StoreShape, sequencesSchema } from './arrow-schema.ts';
import { batchRows, type RowRange } from './batch-rows.ts';
import type { DataFile } from './data-file.ts';
import { allocateValues, BYTES_PER_VALUE, type StoredValues } from './values.ts';

/** What a shard's reader is made from. */
export interface ShardSource {
  /** Open; its owner closes it. */
  readonly file: DataFile;
  readonly shape: StoreShape;
  /** Of the shard's rows, in timesteps. */
  readonly lengths: Int32Array;
  /** Whether record batches stay in memory once they were read. */
  readonly keepsBatches: boolean;
  readonly onRead?: OnRead | undefined;
}

interface OpenShard {
  readonly blocks: ArrowBlocks;
  readonly ranges: readonly RowRange[];
}

/** A column with a list for each row, and what was read of it. */
interface ListColumn<Data extends StoredValues | Int16Array> {
  readonly name: 'values' | 'timestep_labels';
  /** Number of the columns behind it. */
  readonly after: number;
  /** Entries of one timestep. */
  readonly perStep: number;
  readonly allocate: (count: number) => Data;
  /** By the number of the record batch, as the places are. */
  readonly batches: Map<number, Promise<Data>>;
  readonly places: Map<number, Promise<FilePart>>;
}

/** Opens its shard at the first read. Rows and timesteps count from the shard's and the row's first. */
export class ShardReader {
  readonly #source: ShardSource;
  readonly #bytesPerStep: number;
  readonly #values: ListColumn<StoredValues>;
  readonly #timestepLabels: ListColumn<Int16Array>;
  #opened: Promise<OpenShard> | undefined;

  constructor(source: ShardSource) {
    const { valueType, channels } = source.shape;
    this.#source = source;
    this.#bytesPerStep = BYTES_PER_VALUE[valueType] * channels;
    this.#values = {
      ...{ name: 'values', after: 0, perStep: channels },
      allocate: (count) => allocateValues(valueType, count),
      ...{ batches: new Map(), places: new Map() },
    };
    this.#timestepLabels = {
      ...{ name: 'timestep_labels', after: 1, perStep: 1 },
      allocate: (count) => new Int16Array(count),
      ...{ batches: new Map(), places: new Map() },
    };
  }

  /** The values of `count` timesteps from `start`, not to be changed. @throws Error that says what is damaged */
  read(row: number, start: number, count: number): Promise<StoredValues> {
    return this.#readList(this.#values, row, start, count);
  }

  /** The classes of `count` timesteps from `start`, as `read`. */
  readTimestepLabels(row: number, start: number, count: number): Promise<Int16Array> {
    return this.#readList(this.#timestepLabels, row, start, count);
  }

  async #readList<Data extends StoredValues | Int16Array>(
    column: ListColumn<Data>,
    row: number,
    start: number,
    count: number,
  ): Promise<Data> {
    const { perStep, batches, places } = column;
    const { ranges, blocks } = await this.#open();
    const batch = batchOf(ranges, row);
    const first = this.#stepsBetween(ranges[batch]!.start, row) + start;
    if (this.#source.keepsBatches) {
      const values = await memo(batches, batch, () => this.#decode(column, blocks, batch));
      return values.subarray(first * perStep, (first + count) * perStep) as Data;
    }
    const place = await memo(places, batch, () => this.#place(column, blocks, batch));
    const values = column.allocate(count * perStep);
    const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    await blocks.readAt(bytes, place.offset + first * perStep * values.BYTES_PER_ELEMENT);
    return values;
  }

  #open(): Promise<OpenShard> {
    this.#opened ??= this.#openOnce();
    return this.#opened;
  }

  async #openOnce(): Promise<OpenShard> {
    const { file, shape, lengths, onRead } = this.#source;
    const blocks = await ArrowBlocks.over(file, onRead);
    const [found, expected] = [blocks.schema, sequencesSchema(shape)].map(({ fields }) =>
      fields.map(String).join(', '),
    );
    if (found !== expected) throw new Error(`it has the columns ${found}, expected ${expected}`);
    const ranges = batchRows(lengths, this.#bytesPerStep);
    if (blocks.count !== ranges.length) {
      throw new Error(`it has ${blocks.count} record batches, not ${ranges.length}`);
    }
    return { blocks, ranges };
  }

  #stepsBetween(row: number, end: number): number {
    let steps = 0;
    for (; row < end; row++) steps += this.#source.lengths[row]!;
    return steps;
  }

  async #range(batch: number): Promise<RowRange> {
    return (await this.#open()).ranges[batch]!;
  }

  async #decode<Data extends StoredValues | Int16Array>(
    { name, perStep }: ListColumn<Data>,
    blocks: ArrowBlocks,
    number: number,
  ): Promise<Data> {
    const { start, end } = await this.#range(number);
    const batch = await blocks.read(number);
    const data = batch.getChild(name)?.data[0];
    if (data === undefined || batch.numRows !== end - start) {
      throw new Error(`record batch ${number} has ${batch.numRows} rows, expected ${end - start}`);
    }
    const offsets = data.valueOffsets as Int32Array;
    for (let row = start; row < end; row++) {
      const count = offsets[row - start + 1]! - offsets[row - start]!;
      const expected = this.#source.lengths[row]! * perStep;
      if (count !== expected) {
        throw new Error(
          `record batch ${number}: row ${row - start} has ${count} values, not ${expected}`,
        );
      }
    }
    return (data as typeof data & { type: List }).children[0]!.values as Data;
  }

  async #place<Data extends StoredValues | Int16Array>(
    { after, perStep, allocate }: ListColumn<Data>,
    blocks: ArrowBlocks,
    number: number,
  ): Promise<FilePart> {
    const { start, end } = await this.#range(number);
    const place = await blocks.listData(number, after);
    const bytesPerStep = perStep * allocate(0).BYTES_PER_ELEMENT;
    const expected = this.#stepsBetween(start, end) * bytesPerStep;
    if (place.sizeBytes < expected) {
      throw new Error(`record batch ${number} has ${place.sizeBytes} bytes, not ${expected}`);
    }
    return place;
  }
}

/** Loads once, also for calls at the same time. A failed load is not kept. */
function memo<Value>(
  kept: Map<number, Promise<Value>>,
  key: number,
  load: () => Promise<Value>,
): Promise<Value> {
  const known = kept.get(key);
  if (known !== undefined) return known;
  const loading = load();
  kept.set(key, loading);
  loading.catch(() => kept.delete(key));
  return loading;
}

/** The batch that holds `row`, by bisection. */
function batchOf(ranges: readonly RowRange[], row: number): number {
  let low = 0;
  let high = ranges.length;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (ranges[middle]!.start <= row) low = middle;
    else high = middle;
  }
  return low;
}
