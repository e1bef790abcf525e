/** Reads the columns of `index.arrow`. */
import { type RecordBatch, Utf8, type Vector } from './arrow.ts';
import type { ArrowBlocks } from './arrow-blocks.ts';
import { labelsFor, refuseUnsorted } from './index-file.ts';
import { type SequenceTargets, SPLITS, type Split, type StoreIndex, UNLABELLED } from './store.ts';

/** One text of each row. @throws Error that names the wrong column */
export async function loadTexts(
  blocks: ArrowBlocks,
  name: 'id' | 'group',
  rows: number,
): Promise<readonly string[]> {
  const texts: string[] = [];
  for (let index = 0; index < blocks.count; index++) {
    const values = strings(await blocks.read(index), name);
    for (const value of values) texts.push(value ?? '');
  }
  if (texts.length !== rows) throw new Error(`it has ${texts.length} rows, not ${rows}`);
  return texts;
}

/** The index of a dataset of format 1, which has no `index.bin`. @throws Error that names the wrong column or row */
export async function loadColumns(
  blocks: ArrowBlocks,
  rows: number,
  classes: number,
): Promise<StoreIndex> {
  const lengths = new Int32Array(rows);
  const labels = labelsFor(rows, classes);
  const splits = new Uint8Array(rows);
  let start = 0;
  for (let index = 0; index < blocks.count; index++) {
    const batch = await blocks.read(index);
    if (start + batch.numRows > rows) throw new Error(`it has more than ${rows} rows`);
    lengths.set(integers(batch, 'length'), start);
    labels.set(integers(batch, 'label'), start);
    splits.set(Array.from(strings(batch, 'split'), splitNumber), start);
    start += batch.numRows;
  }
  if (start !== rows) throw new Error(`it has ${start} rows, not ${rows}`);
  refuseUnsorted(lengths);
  return { lengths, labels, splits };
}

/** The column `labels` or `targets`. @throws Error that names the wrong column */
export async function loadTargets(
  blocks: ArrowBlocks,
  name: 'labels' | 'targets',
  rows: number,
): Promise<SequenceTargets> {
  const offsets = new Int32Array(rows + 1);
  const parts: (Int32Array | Float32Array)[] = [];
  for (let index = 0; index < blocks.count; index++) {
    const lists = column(await blocks.read(index), name);
    for (const list of lists as Iterable<{ toArray(): Int32Array | Float32Array } | null>) {
      const values = list?.toArray() ?? new Int32Array(0);
      parts.push(values);
      offsets[parts.length] = offsets[parts.length - 1]! + values.length;
    }
  }
  if (parts.length !== rows) throw new Error(`it has ${parts.length} rows, not ${rows}`);
  const length = offsets[rows]!;
  const values = name === 'labels' ? new Int32Array(length) : new Float32Array(length);
  for (const [row, part] of parts.entries()) values.set(part, offsets[row]!);
  return { offsets, values };
}

function column(batch: RecordBatch, name: string): Vector {
  const found = batch.getChild(name);
  if (found === null) throw new Error(`it has no column "${name}"`);
  return found;
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
