/** Reads all of `index.arrow`: the columns that planning needs, ids, groups, and each batch's first row. */
import { type RecordBatch, Utf8, type Vector } from './arrow.ts';
import type { ArrowBlocks } from './arrow-blocks.ts';
import { SPLITS, type Split, type StoreIndex, UNLABELLED } from './store.ts';

/** The contents of `index.arrow`. */
export interface LoadedIndex {
  readonly columns: StoreIndex;
  /** Decoded at the first call, since most programs never call it. */
  ids(): readonly string[];
  groups(): readonly string[];
  /** First row of each record batch, then the number of rows. */
  readonly batchStarts: readonly number[];
}

/** @throws Error that names the wrong column or row */
export async function loadIndex(blocks: ArrowBlocks, rows: number): Promise<LoadedIndex> {
  const lengths = new Int32Array(rows);
  const labels = new Int32Array(rows);
  const splits = new Uint8Array(rows);
  const idColumns: Vector<Utf8>[] = [];
  const groupColumns: Vector<Utf8>[] = [];
  const batchStarts = [0];
  for (let index = 0; index < blocks.count; index++) {
    const batch = await blocks.read(index);
    const start = batchStarts.at(-1)!;
    if (start + batch.numRows > rows) throw new Error(`it has more than ${rows} rows`);
    lengths.set(integers(batch, 'length'), start);
    labels.set(integers(batch, 'label'), start);
    splits.set(Array.from(strings(batch, 'split'), splitNumber), start);
    idColumns.push(strings(batch, 'id'));
    groupColumns.push(strings(batch, 'group'));
    batchStarts.push(start + batch.numRows);
  }
  const found = batchStarts.at(-1)!;
  if (found !== rows) throw new Error(`it has ${found} rows, not ${rows}`);
  refuseUnsorted(lengths);
  return {
    columns: { lengths, labels, splits },
    ids: decodedOnce(idColumns),
    groups: decodedOnce(groupColumns),
    batchStarts,
  };
}

function column(batch: RecordBatch, name: string): Vector {
  const found = batch.getChild(name);
  if (found === null) throw new Error(`it has no column "${name}"`);
  return found;
}

function decodedOnce(columns: readonly Vector<Utf8>[]): () => readonly string[] {
  let decoded: readonly string[] | undefined;
  return () => {
    decoded ??= columns.flatMap((values) => Array.from(values, (value) => value ?? ''));
    return decoded;
  };
}

function strings(batch: RecordBatch, name: string): Vector<Utf8> {
  const found = column(batch, name);
  if (!(found.type instanceof Utf8)) throw new Error(`its column "${name}" holds ${found.type}`);
  return found as Vector<Utf8>;
}

function integers(batch: RecordBatch, name: string): Int32Array {
  const found = column(batch, name);
  if (`${found.type}` !== 'Int32') throw new Error(`its column "${name}" holds ${found.type}`);
  return Int32Array.from(found, (value: number | null) => value ?? UNLABELLED);
}

function splitNumber(name: string | null): number {
  const position = SPLITS.indexOf(name as Split);
  if (position < 0) throw new Error(`it names a split "${name}"`);
  return position;
}

function refuseUnsorted(lengths: Int32Array): void {
  for (let row = 1; row < lengths.length; row++) {
    if (lengths[row]! < lengths[row - 1]!) throw new Error(`its row ${row} is out of length order`);
  }
}
