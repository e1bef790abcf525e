/** The schemas of a store's two tables. Their metadata names the classes, so the files explain themselves. */
import {
  type Data,
  type DataType,
  Field,
  Float32,
  Int16,
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
import type { DataTarget } from './target.ts';
import type { StoredValues } from './values.ts';

/** One row of a store without its values. */
export interface StoreRow {
  readonly id: string;
  readonly group: string;
  /** Class, or UNLABELLED. Where the target is of another kind: 0 for a row that has one. */
  readonly label: number;
  /** Classes (ascending) or numbers, where the target is `classes` or `numbers` and the row has one. */
  readonly targets?: readonly number[] | undefined;
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

/**
 * Column names of both tables, in order, where the target is a class or none; `index.arrow` has all but the last, which
 * readers count on. Other targets have a column of their own: `labels` or `targets` after the length, or
 * `timestep_labels` before the values.
 */
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

function rowFields({ target }: StoreShape): Field[] {
  return [
    new Field('id', new Utf8(), false),
    new Field('label', new Int32(), true),
    new Field('split', new Utf8(), false),
    new Field('group', new Utf8(), false),
    new Field('length', new Int32(), false),
    ...targetFields(target),
  ];
}

function targetFields({ kind }: DataTarget): Field[] {
  if (kind === 'classes') return [new Field('labels', listOf(new Int32()), true)];
  if (kind === 'numbers') return [new Field('targets', listOf(new Float32()), true)];
  return [];
}

const listOf = (element: DataType): List => new List(new Field('item', element, false));

/** Schema of `index.arrow`. */
export function rowsSchema(shape: StoreShape): Schema {
  return new Schema(rowFields(shape), metadata(shape));
}

/** Schema of a shard. */
export function sequencesSchema(shape: StoreShape): Schema {
  const ofTimesteps =
    shape.target.kind === 'timestep-class'
      ? [new Field('timestep_labels', listOf(new Int16()), false)]
      : [];
  const values = new Field('values', listOf(ELEMENT_OF[shape.valueType]()), false);
  return new Schema([...rowFields(shape), ...ofTimesteps, values], metadata(shape));
}

function utf8Column(strings: readonly string[]): Data {
  const { data, valueOffsets } = encoded(strings);
  return makeData({ type: new Utf8(), length: strings.length, nullCount: 0, valueOffsets, data });
}

/** Strings one behind the other; those of ASCII alone, as most are, take one call. */
function encoded(strings: readonly string[]): { data: Uint8Array; valueOffsets: Int32Array } {
  const joined = strings.join('');
  const data = Buffer.from(joined, 'utf8');
  if (data.length === joined.length) {
    return { data, valueOffsets: offsetsOf(strings.map(({ length }) => length)) };
  }
  const each = strings.map((string) => Buffer.from(string, 'utf8'));
  return { data: Buffer.concat(each), valueOffsets: offsetsOf(each.map(({ length }) => length)) };
}

function int32Column(numbers: readonly number[]): Data {
  const data = Int32Array.from(numbers);
  return makeData({ type: new Int32(), length: data.length, nullCount: 0, data });
}

/** Labels, with UNLABELLED as null. */
function labelColumn(labels: readonly number[]): Data {
  const data = Int32Array.from(labels, (label) => (label === UNLABELLED ? 0 : label));
  const nulls = nullsOf(labels.map((label) => label === UNLABELLED));
  return makeData({ type: new Int32(), length: data.length, data, ...nulls });
}

/** A bit of the mask is 1 where there is something; no mask where all have something. */
function nullsOf(isNull: readonly boolean[]): { nullCount: number; nullBitmap?: Uint8Array } {
  const nullBitmap = new Uint8Array(Math.ceil(isNull.length / 64) * 8);
  let nullCount = 0;
  isNull.forEach((isNull, row) => {
    if (isNull) nullCount++;
    else nullBitmap[row >> 3]! |= 1 << (row & 7);
  });
  return nullCount === 0 ? { nullCount } : { nullCount, nullBitmap };
}

/** The targets of the rows, as `type` says; null for a row that has none. */
function targetColumn(type: List, rows: readonly StoreRow[]): Data {
  const lists = rows.map(({ targets = [] }) => targets);
  const element = type.children[0]!.type;
  const numbers = lists.flat();
  const data = element instanceof Float32 ? Float32Array.from(numbers) : Int32Array.from(numbers);
  const child = makeData({
    ...{ type: element as Int32, length: data.length, nullCount: 0 },
    data: data as Int32Array,
  });
  const nulls = nullsOf(rows.map(({ targets }) => targets === undefined));
  const valueOffsets = offsetsOf(lists.map(({ length }) => length));
  return makeData({ type, length: rows.length, valueOffsets, child, ...nulls });
}

function offsetsOf(lengths: readonly number[]): Int32Array {
  const offsets = new Int32Array(lengths.length + 1);
  lengths.forEach((length, i) => {
    offsets[i + 1] = offsets[i]! + length;
  });
  return offsets;
}

function rowColumns(schema: Schema, rows: readonly StoreRow[]): Data[] {
  const named = (name: string) => schema.fields.find((field) => field.name === name);
  const targets = named('labels') ?? named('targets');
  const hasClass = schema.metadata.get('lockstep.target') === JSON.stringify({ kind: 'class' });
  return [
    utf8Column(rows.map((row) => row.id)),
    labelColumn(rows.map((row) => (hasClass ? row.label : UNLABELLED))),
    utf8Column(rows.map((row) => row.split)),
    utf8Column(rows.map((row) => row.group)),
    int32Column(rows.map((row) => row.length)),
    ...(targets ? [targetColumn(targets.type as List, rows)] : []),
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
  return recordBatch(schema, rows.length, rowColumns(schema, rows));
}

/** The data of rows, one after the other. */
export interface RowData {
  readonly values: StoredValues;
  /** Class of each timestep, or UNLABELLED, where the target is `timestep-class`. */
  readonly timestepLabels?: Int16Array | undefined;
}

/** One record batch of a shard. */
export function sequencesBatch(
  schema: Schema,
  rows: readonly StoreRow[],
  { values, timestepLabels }: RowData,
  channels: number,
): RecordBatch {
  const listType = schema.fields.at(-1)!.type as List;
  const valueOffsets = offsetsOf(rows.map(({ length }) => length * channels));
  const child = makeData({
    type: listType.children[0]!.type as Uint8,
    length: values.length,
    nullCount: 0,
    data: values as Uint8Array,
  });
  const list = makeData({ type: listType, length: rows.length, nullCount: 0, valueOffsets, child });
  const ofTimesteps = timestepLabels === undefined ? [] : [timestepColumn(rows, timestepLabels)];
  return recordBatch(schema, rows.length, [...rowColumns(schema, rows), ...ofTimesteps, list]);
}

function timestepColumn(rows: readonly StoreRow[], data: Int16Array): Data {
  const child = makeData({ type: new Int16(), length: data.length, nullCount: 0, data });
  const valueOffsets = offsetsOf(rows.map(({ length }) => length));
  const type = listOf(new Int16());
  return makeData({ type, length: rows.length, nullCount: 0, valueOffsets, child });
}
