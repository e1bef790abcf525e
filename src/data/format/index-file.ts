/**
 * `index.bin`, little-endian: the lengths of all rows (int32), then one word a row (uint32) with its class + 1
 * in the upper 30 bits and the number of its split in the lower two.
 */
import type { DataFile } from './data-file.ts';
import { type Labels, SPLITS, type StoreIndex, UNLABELLED } from './store.ts';

/** Of one row. */
export const INDEX_ROW_BYTES = 8;
const CHUNK_ROWS = 2 ** 18;

/** The bytes of `index.bin`, a chunk at a time. */
export function* indexChunks({ lengths, labels, splits }: StoreIndex): Generator<Uint8Array> {
  const packed = (row: number) => ((labels[row]! + 1) << 2) | splits[row]!;
  for (const wordOf of [(row: number) => lengths[row]!, packed]) {
    for (let start = 0; start < lengths.length; start += CHUNK_ROWS) {
      const chunk = new Int32Array(Math.min(CHUNK_ROWS, lengths.length - start));
      for (let i = 0; i < chunk.length; i++) chunk[i] = wordOf(start + i);
      yield new Uint8Array(chunk.buffer);
    }
  }
}

/** @throws Error that names the wrong row */
export async function readIndexFile(
  file: DataFile,
  rows: number,
  classes: number,
): Promise<StoreIndex> {
  const lengths = new Int32Array(rows);
  await file.readAt(new Uint8Array(lengths.buffer), 0);
  const index = { lengths, labels: labelsFor(rows, classes), splits: new Uint8Array(rows) };
  for (let start = 0; start < rows; start += CHUNK_ROWS) {
    const words = new Uint32Array(Math.min(CHUNK_ROWS, rows - start));
    await file.readAt(new Uint8Array(words.buffer), (rows + start) * 4);
    words.forEach((word, i) => {
      const label = (word >>> 2) - 1;
      // 0 says that there is a target where there are no classes.
      const isPossible = label === UNLABELLED || label < Math.max(1, classes);
      if (!isPossible) throw new Error(`its row ${start + i} has the class ${label}`);
      index.labels[start + i] = label;
      index.splits[start + i] = word & 3;
    });
  }
  refuseImpossible(index);
  return index;
}

/** Room for the classes of all rows. */
export function labelsFor(rows: number, classes: number): Labels {
  if (classes <= 2 ** 7) return new Int8Array(rows);
  return classes <= 2 ** 15 ? new Int16Array(rows) : new Int32Array(rows);
}

function refuseImpossible({ lengths, splits }: StoreIndex): void {
  for (let row = 0; row < lengths.length; row++) {
    if (lengths[row]! < 1) throw new Error(`its row ${row} has the length ${lengths[row]}`);
    if (splits[row]! >= SPLITS.length) throw new Error(`its row ${row} has no split`);
  }
  refuseUnsorted(lengths);
}

/** @throws Error that names the first row out of order */
export function refuseUnsorted(lengths: Int32Array): void {
  for (let row = 1; row < lengths.length; row++) {
    if (lengths[row]! < lengths[row - 1]!) throw new Error(`its row ${row} is out of length order`);
  }
}
