/**
 * The part of apache-arrow that stores use, from its bundle of one file. Its 160 modules take several times as long to
 * load, in every process.
 */
import { createRequire } from 'node:module';
import type * as Arrow from 'apache-arrow';

const bundle = createRequire(import.meta.url)('apache-arrow/Arrow.esnext.min') as typeof Arrow;

export const {
  AsyncByteQueue,
  CompressionType,
  Field,
  Float32,
  Int16,
  Int32,
  List,
  makeData,
  MessageReader,
  RecordBatch,
  RecordBatchFileWriter,
  RecordBatchReader,
  RecordBatchStreamWriter,
  Schema,
  Struct,
  Type,
  Uint16,
  Uint8,
  Utf8,
  Vector,
} = bundle;
/** Says how the reader decompresses buffers. */
export function setCodec(
  compression: Arrow.CompressionType,
  decode: (bytes: Uint8Array) => Uint8Array,
): void {
  bundle.compressionRegistry.set(compression, { decode });
}

export type Data<T extends Arrow.DataType = Arrow.DataType> = Arrow.Data<T>;
export type DataType = Arrow.DataType;
export type Field = Arrow.Field;
export type Int32 = Arrow.Int32;
export type List = Arrow.List;
export type RecordBatch = Arrow.RecordBatch;
export type Schema = Arrow.Schema;
export type Uint8 = Arrow.Uint8;
export type Utf8 = Arrow.Utf8;
export type Vector<T extends Arrow.DataType = Arrow.DataType> = Arrow.Vector<T>;
