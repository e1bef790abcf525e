/** Inner products of rows, two numbers at a time: several times as fast as a loop in JavaScript, in one fixed order. */
import {
  compileWasm,
  F64_ADD,
  F64X2,
  f64Load,
  f64Store,
  forVectors,
  LOAD,
  localGet,
  localSet,
  reserveWasm,
  sumOf,
  type WasmFunction,
  type WasmMemory,
  wasmExports,
} from '../core/wasm.ts';

const BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Rows of a tile, on its two sides: with its products they just fit a processor's registers. */
const [LEFT, RIGHT] = [4, 2];
/** Columns at a time: a tile's rows stay in the first-level cache. */
const COLUMNS = 256;

/**
 * `tile(left, right, size, stride, out, outStride)`: adds the inner products of four rows from `left` with two rows
 * from `right` to the numbers at `out`. Rows have `size` bytes and are `stride` apart, rows of `out` `outStride`.
 */
function tileFunction(): WasmFunction {
  const [left, right, size, stride, out, outStride, at, place] = [0, 1, 2, 3, 4, 5, 6, 7];
  const row = (i: number) => 8 + i;
  const product = (i: number, j: number) => 8 + LEFT + RIGHT + i * RIGHT + j;
  const [lefts, rights] = [LEFT, RIGHT].map((count) => Array.from({ length: count }, (_, i) => i));
  const pairs = lefts!.flatMap((i) => rights!.map((j) => [i, j] as const));
  const loadRows = (begin: number, rows: readonly number[], first: number) => [
    ...[...sumOf(begin, at), ...localSet(place)],
    ...rows.flatMap((i) => [
      ...[...localGet(place), ...LOAD, ...localSet(row(first + i))],
      ...[...sumOf(place, stride), ...localSet(place)],
    ]),
  ];
  const body = [
    ...forVectors(at, size, [
      ...loadRows(left, lefts!, 0),
      ...loadRows(right, rights!, LEFT),
      ...pairs.flatMap(([i, j]) => [
        ...localGet(product(i, j)),
        ...[...localGet(row(i)), ...localGet(row(LEFT + j)), ...F64X2.multiply],
        ...[...F64X2.add, ...localSet(product(i, j))],
      ]),
    ]),
    ...lefts!.flatMap((i) => [
      ...rights!.flatMap((j) => [
        ...[...localGet(out), ...localGet(out), ...f64Load(BYTES * j)],
        ...[...localGet(product(i, j)), ...F64X2.lane(0)],
        ...[...localGet(product(i, j)), ...F64X2.lane(1), F64_ADD],
        ...[F64_ADD, ...f64Store(BYTES * j)],
      ]),
      ...[...sumOf(out, outStride), ...localSet(out)],
    ]),
  ];
  const vectors = LEFT + RIGHT + LEFT * RIGHT;
  return { name: 'tile', parameters: 6, integers: 2, vectors, body };
}

interface GramFunctions {
  readonly memory: WasmMemory;
  tile(
    left: number,
    right: number,
    size: number,
    stride: number,
    out: number,
    outStride: number,
  ): void;
}

const MODULE = compileWasm([tileFunction()]);

/**
 * X · Xᵀ, `[rows, rows]`.
 * @param x `[rows, columns]`
 */
export function innerProducts(rows: number, columns: number, x: Float64Array): Float64Array {
  const { memory, tile } = wasmExports(MODULE) as GramFunctions;
  const padded = Math.ceil(rows / LEFT) * LEFT;
  const block = Math.min(COLUMNS, 2 * Math.ceil(columns / 2));
  const stride = block * BYTES;
  const [out, outStride] = [padded * stride, padded * BYTES];
  reserveWasm(memory, out + padded * outStride);
  const numbers = new Float64Array(memory.buffer);
  for (let begin = 0; begin < columns; begin += block) {
    const width = Math.min(block, columns - begin);
    if (width < block) numbers.fill(0, 0, padded * block);
    for (let row = 0; row < rows; row++) {
      const from = row * columns + begin;
      numbers.set(x.subarray(from, from + width), row * block);
    }
    for (let i = 0; i < padded; i += LEFT) {
      for (let j = 0; j < i + LEFT; j += RIGHT) {
        const target = out + i * outStride + j * BYTES;
        tile(i * stride, j * stride, stride, stride, target, outStride);
      }
    }
  }
  return symmetric(rows, padded, numbers.subarray(out / BYTES));
}

/** The matrix whose lower triangle is the first rows and columns of `lower`, `[width, width]`. */
function symmetric(rows: number, width: number, lower: Float64Array): Float64Array {
  const result = new Float64Array(rows * rows);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j <= i; j++) {
      const value = lower[i * width + j]!;
      result[i * rows + j] = value;
      result[j * rows + i] = value;
    }
  }
  return result;
}
