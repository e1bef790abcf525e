/** The three types that values can have, and the typed array of each. */
import type { ValueType } from './store.ts';

/** Values as they are on disk. */
export type StoredValues = Uint8Array | Uint16Array | Float32Array;

/** The typed array of each type. */
export const ARRAY_OF = { uint8: Uint8Array, uint16: Uint16Array, float32: Float32Array } as const;

/** Size of one value on disk. */
export const BYTES_PER_VALUE: Readonly<Record<ValueType, number>> = {
  uint8: 1,
  uint16: 2,
  float32: 4,
};

/** Zeros: `count` values of one type. */
export function allocateValues(valueType: ValueType, count: number): StoredValues {
  return new ARRAY_OF[valueType](count);
}

/** The values that `bytes` holds (little-endian, any alignment), as a copy. */
export function valuesFromBytes(valueType: ValueType, bytes: Uint8Array): StoredValues {
  const values = allocateValues(valueType, bytes.byteLength / BYTES_PER_VALUE[valueType]);
  bytesOf(values).set(bytes);
  return values;
}

/** The bytes of `values`, without a copy. */
export function bytesOf(values: StoredValues): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

/** What a store hands out: integers as Int32Array, real numbers as Float32Array; always a copy. */
export function readableValues(values: StoredValues): Int32Array | Float32Array {
  return values instanceof Float32Array ? values.slice() : Int32Array.from(values);
}
