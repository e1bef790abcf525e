/** An array with one row a sequence, beside the values: labels, ids, targets. */
import { sourceError } from '../../source/file/source-error.ts';
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
      `its shape ${array.shapeText} has ${array.rows} rows for the ${role}, but ${rows} are needed`,
    );
  }

  get isText(): boolean {
    return this.#array.header.dtype.isText;
  }

  /** Items of the next rows as text; a missing number is ''. */
  async texts(rows = 1): Promise<string[]> {
    const bytes = await this.#next(rows);
    const { itemBytes } = this.#array.header.dtype;
    return Array.from({ length: rows * this.#array.rowItems }, (_, i) =>
      this.#array.textOf(bytes.subarray(i * itemBytes, (i + 1) * itemBytes)),
    );
  }

  async numbers(): Promise<number[]> {
    return Array.from(this.#array.numbersOf(await this.#next(1)));
  }

  /** Names of classes: texts that are not empty, or the places of ones among zeros. */
  async classes(): Promise<string[]> {
    const texts = await this.texts();
    if (this.isText) return texts.filter((text) => text !== '');
    const strange = texts.find((text) => !/^(0|1|True|False)$/.test(text));
    if (strange !== undefined) {
      throw sourceError(this.#array.name, `among its labels is ${strange}, neither 0 nor 1`);
    }
    return texts.flatMap((text, place) => (/^(1|True)$/.test(text) ? [String(place)] : []));
  }

  async #next(rows: number): Promise<Buffer> {
    const { rowItems, header } = this.#array;
    const size = rows * rowItems * header.dtype.itemBytes;
    if (this.#bytes.length < size) {
      const missing = rows - this.#bytes.length / (rowItems * header.dtype.itemBytes);
      const count = Math.min(this.#left, Math.max(missing, ROWS_AT_ONCE));
      this.#bytes = Buffer.concat([this.#bytes, await this.#array.take(count)]);
      this.#left -= count;
    }
    const next = this.#bytes.subarray(0, size);
    this.#bytes = this.#bytes.subarray(size);
    return next;
  }

  /** @throws LockstepError DATA_INVALID for bytes behind the last row */
  async end(): Promise<void> {
    await this.#array.end();
  }
}
