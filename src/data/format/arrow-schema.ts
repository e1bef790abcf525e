/** The schemas of a store's two tables. Their metadata names the classes, so the files explain themselves. */
import {
  type Data,
  type DataType,
  Field,
  Float32,
  Int32,
  List,
  makeData,
  RecordBatch,
  Schema,
  Struct,
  Uint8,
  Uint16,
  Utf8,
} from './arrow.ts';
import type { Split, StoreManifest } from './store.ts';
import { UNLABELLED } from './store.ts';
import type { StoredValues } from './values.ts';

/** One row of a store without its values. */
export interface StoreRow {
  readonly id: string;
  readonly group: string;
  /** Class, or UNLABELLED. */
  readonly label: number;
  readonly split: Split;
  /** Number of timesteps. */
  readonly length: number;
}

const ELEMENT_OF = {
  uint8: () => new Uint8(),
  uint16: () => new Uint16(),
  float32: () => new Float32(),
} as const;

/** What a store's schemas depend on. */
export type StoreShape = Pick<StoreManifest, 'valueType' | 'channels' | 'target' | 'classes'>;

/** Column names of both tables, in order; `index.arrow` has all but the last, which readers count on. */
export const COLUMNS = ['id', 'label', 'split', 'group', 'length', 'values'] as const;

/** The parts of the manifest that give the values their meaning: a file explains itself, and its hash covers them. */
function metadata({ valueType, channels, target, classes }: StoreShape): Map<string, string> {
  return new Map([
    ['lockstep.format', '2'],
    ['lockstep.valueType', valueType],
    ['lockstep.channels', String(channels)],
    ['lockstep.target', JSON.stringify(target)],
    ['lockstep.classes', JSON.stringify(classes)],
  ]);
}

function rowFields(): Field[] {
  return [
    new Field('id', new Utf8(), false),
    new Field('label', new Int32(), true),
    new Field('split', new Utf8(), false),
    new Field('group', new Utf8(), false),
    new Field('length', new Int32(), false),
  ];
}

/** Schema of `index.arrow`. */
export function rowsSchema(shape: StoreShape): Schema {
  return new Schema(rowFields(), metadata(shape));
}

/** Schema of a shard. */
export function sequencesSchema(shape: StoreShape): Schema {
  const element = new Field('item', ELEMENT_OF[shape.valueType](), false);
  const values = new Field('values', new List(element), false);
  return new Schema([...rowFields(), values], metadata(shape));
}

function utf8Column(strings: readonly string[]): Data {
  const encoded = strings.map((string) => Buffer.from(string, 'utf8'));
  const valueOffsets = new Int32Array(strings.length + 1);
  encoded.forEach((bytes, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + bytes.length;
  });
  const data = Buffer.concat(encoded);
  return makeData({ type: new Utf8(), length: strings.length, nullCount: 0, valueOffsets, data });
}

function int32Column(numbers: readonly number[]): Data {
  const data = Int32Array.from(numbers);
  return makeData({ type: new Int32(), length: data.length, nullCount: 0, data });
}

/** Labels, with UNLABELLED as null: a bit of the mask is 1 where a label exists. */
function labelColumn(labels: readonly number[]): Data {
  const data = Int32Array.from(labels, (label) => (label === UNLABELLED ? 0 : label));
  const nullBitmap = new Uint8Array(Math.ceil(labels.length / 64) * 8);
  let nullCount = 0;
  labels.forEach((label, row) => {
    if (label === UNLABELLED) nullCount++;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  });
  const base = { type: new Int32(), length: data.length, nullCount, data };
  return makeData(nullCount === 0 ? base : { ...base, nullBitmap });
}

function rowColumns(rows: readonly StoreRow[]): Data[] {
  return [
    utf8Column(rows.map((row) => row.id)),
    labelColumn(rows.map((row) => row.label)),
    utf8Column(rows.map((row) => row.split)),
    utf8Column(rows.map((row) => row.group)),
    int32Column(rows.map((row) => row.length)),
  ];
}

function recordBatch(schema: Schema, length: number, children: Data<DataType>[]): RecordBatch {
  return new RecordBatch(
    schema,
    makeData({ type: new Struct(schema.fields), length, nullCount: 0, children }),
  );
}

/** One record batch of `index.arrow`. */
export function rowsBatch(schema: Schema, rows: readonly StoreRow[]): RecordBatch {
  return recordBatch(schema, rows.length, rowColumns(rows));
}

/**
 * One record batch of a shard.
 * @param values those of all rows, one after the other
 */
export function sequencesBatch(
  schema: Schema,
  rows: readonly StoreRow[],
  values: StoredValues,
  channels: number,
): RecordBatch {
  const listType = schema.fields.at(-1)!.type as List;
  const valueOffsets = new Int32Array(rows.length + 1);
  rows.forEach((row, i) => {
    valueOffsets[i + 1] = valueOffsets[i]! + row.length * channels;
  });
  const child = makeData({
    type: listType.children[0]!.type as Uint8,
    length: values.length,
    nullCount: 0,
    data: values as Uint8Array,
  });
  const list = makeData({ type: listType, length: rows.length, nullCount: 0, valueOffsets, child });
  return recordBatch(schema, rows.length, [...rowColumns(rows), list]);
}
