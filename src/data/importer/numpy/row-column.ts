/** An array with one row a sequence, beside the values: labels, ids, targets. */
import { sourceError } from '../source-error.ts';
import type { NpyArray } from './npy-array.ts';

const ROWS_AT_ONCE = 1024;

export class RowColumn {
  readonly #array: NpyArray;
  #bytes: Buffer = Buffer.alloc(0);
  #left: number;

  /** @throws LockstepError DATA_INVALID for another number of rows */
  constructor(array: NpyArray, rows: number, role: string) {
    this.#array = array;
    this.#left = rows;
    if (array.rows === rows) return;
    throw sourceError(
      array.name,
      `its shape ${array.shapeText} has ${array.rows} rows for the ${role}, but there are ${rows} sequences`,
    );
  }

  /** Items of one row as text; a missing number is ''. */
  async texts(): Promise<string[]> {
    const bytes = await this.#next();
    const { dtype } = this.#array.header;
    return Array.from({ length: this.#array.rowItems }, (_, i) => {
      const item = bytes.subarray(i * dtype.itemBytes, (i + 1) * dtype.itemBytes);
      const text = dtype.text(item);
      return text === 'NaN' && !dtype.isText ? '' : text;
    });
  }

  async numbers(): Promise<number[]> {
    return Array.from(this.#array.header.dtype.numbers(await this.#next()));
  }

  async #next(): Promise<Buffer> {
    const { rowItems, header } = this.#array;
    const size = rowItems * header.dtype.itemBytes;
    if (this.#bytes.length === 0 && this.#left > 0) {
      const count = Math.min(this.#left, ROWS_AT_ONCE);
      this.#bytes = await this.#array.take(count);
      this.#left -= count;
    }
    const row = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return row;
  }

  /** @throws LockstepError DATA_INVALID for bytes behind the last row */
  async end(): Promise<void> {
    await this.#array.end();
  }
}
