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
export const [LEFT, RIGHT] = [4, 2];

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

/** `tile`, and the memory that it works on. All its arguments are in bytes. */
export interface TileFunctions {
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

/** An instance with a memory of its own. */
export const tileFunctions = (): TileFunctions => wasmExports(MODULE) as TileFunctions;

/** Rows of numbers whose inner products are computed four by two. */
export class TiledRows {
  /** A multiple of four; those that were not asked for are zeros. */
  readonly rows: number;
  readonly #stride: number;
  readonly #tile: TileFunctions['tile'];
  readonly #numbers: Float64Array;
  readonly #products: Float64Array;

  constructor(rows: number, columns: number) {
    this.rows = Math.ceil(rows / LEFT) * LEFT;
    // A tile reads two rows at a time, and two columns.
    this.#stride = RIGHT * Math.ceil(columns / RIGHT);
    const { memory, tile } = tileFunctions();
    const count = this.rows * this.#stride;
    reserveWasm(memory, (count + LEFT * RIGHT) * BYTES);
    this.#tile = tile;
    this.#numbers = new Float64Array(memory.buffer, 0, count);
    this.#products = new Float64Array(memory.buffer, count * BYTES, LEFT * RIGHT);
  }

  at(row: number, column: number): number {
    return this.#numbers[row * this.#stride + column]!;
  }

  put(row: number, column: number, value: number): void {
    this.#numbers[row * this.#stride + column] = value;
  }

  /** Copies `[rows, columns]` to the rows from `first`. */
  set(rows: number, columns: number, values: Float64Array, first = 0): void {
    for (let row = 0; row < rows; row++) {
      const own = values.subarray(row * columns, (row + 1) * columns);
      this.#numbers.set(own, (first + row) * this.#stride);
    }
  }

  /** Sets four rows to 0. */
  clear(row: number): void {
    this.#numbers.fill(0, row * this.#stride, (row + LEFT) * this.#stride);
  }

  /** `[rows, columns]` of the rows from `first`. */
  copy(rows: number, columns: number, first = 0): Float64Array {
    const values = new Float64Array(rows * columns);
    for (let row = 0; row < rows; row++) {
      const begin = (first + row) * this.#stride;
      values.set(this.#numbers.subarray(begin, begin + columns), row * columns);
    }
    return values;
  }

  /**
   * `[4, 2]`: inner products of the rows from `left` with the rows from `right`, over the columns `[begin, end)`, an
   * even number of them. Valid until the next call.
   */
  products(left: number, right: number, begin: number, end: number): Float64Array {
    this.#products.fill(0);
    const place = (row: number) => (row * this.#stride + begin) * BYTES;
    const size = (end - begin) * BYTES;
    const out = this.#products.byteOffset;
    const stride = this.#stride * BYTES;
    this.#tile(place(left), place(right), size, stride, out, RIGHT * BYTES);
    return this.#products;
  }
}
