/** The inner products of the rows of a matrix. */
import { reserveWasm } from '../core/wasm.ts';
import { LEFT, RIGHT, tileFunctions } from './tile.ts';

const BYTES = Float64Array.BYTES_PER_ELEMENT;
/** Columns at a time: a tile's rows stay in the first-level cache. */
const COLUMNS = 256;

/**
 * X · Xᵀ, `[rows, rows]`.
 * @param x `[rows, columns]`
 */
export function innerProducts(rows: number, columns: number, x: Float64Array): Float64Array {
  const { memory, tile } = tileFunctions();
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
