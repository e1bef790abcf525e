/** An array of NumPy that is read from its first row to its last. */

import { RoundedInteger } from '../../core/exact-integer.ts';
import { ByteReader } from '../../source/file/byte-reader.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { fromFortranOrder } from './fortran-order.ts';
import { type NpyHeader, readNpyHeader } from './npy-header.ts';

export class NpyArray {
  /** For messages: the file, or the file and the array in it. */
  readonly name: string;
  readonly header: NpyHeader;
  /** Items of one index of the first axis. */
  readonly rowItems: number;
  readonly #source: ByteReader;
  /** The items in C order. */
  readonly #items: ByteReader;

  private constructor(name: string, header: NpyHeader, source: ByteReader) {
    this.name = name;
    this.header = header;
    this.rowItems = header.shape.slice(1).reduce((product, size) => product * size, 1);
    this.#source = source;
    const isTransposed = header.isFortran && header.shape.length > 1;
    this.#items = isTransposed ? new ByteReader(fromFortranOrder(header, source.rest())) : source;
  }

  /**
   * @param chunks the bytes of a .npy file
   * @throws LockstepError DATA_INVALID, which names the array, here and from `take` and `end`
   */
  static async open(name: string, chunks: AsyncIterable<Buffer>): Promise<NpyArray> {
    const source = new ByteReader(chunks);
    try {
      return new NpyArray(name, await readNpyHeader(source), source);
    } catch (error) {
      await source.close();
      throw failureOf(name, error);
    }
  }

  /** Indices of the first axis; 1 for a single number. */
  get rows(): number {
    return this.header.shape[0] ?? 1;
  }

  /** As Python writes it. */
  get shapeText(): string {
    const { shape } = this.header;
    return `(${shape.join(', ')}${shape.length === 1 ? ',' : ''})`;
  }

  /** The bytes of the next rows. */
  async take(rows: number): Promise<Buffer> {
    const count = rows * this.rowItems * this.header.dtype.itemBytes;
    const bytes = await this.#read(() => this.#items.take(count));
    if (bytes.length === count) return bytes;
    throw sourceError(this.name, `it is cut off: its shape ${this.shapeText} needs more bytes`);
  }

  /** One item as text, integers digit by digit; a missing number is ''. */
  /**
   * Items as numbers.
   * @throws LockstepError DATA_INVALID for an integer that no double holds
   */
  numbersOf(bytes: Buffer): ArrayLike<number> {
    try {
      return this.header.dtype.numbers(bytes);
    } catch (error) {
      throw failureOf(this.name, error);
    }
  }

  textOf(item: Buffer): string {
    const { dtype } = this.header;
    try {
      const text = dtype.text(item);
      return text === 'NaN' && !dtype.isText ? '' : text;
    } catch (error) {
      throw failureOf(this.name, error);
    }
  }

  /** Refuses bytes behind the last row. Call it after the last `take`. */
  async end(): Promise<void> {
    if (await this.#read(() => this.#items.isAtEnd())) return;
    throw sourceError(this.name, `more bytes follow than its shape ${this.shapeText} needs`);
  }

  async close(): Promise<void> {
    await this.#items.close();
    await this.#source.close();
  }

  async #read<T>(read: () => Promise<T>): Promise<T> {
    try {
      return await read();
    } catch (error) {
      throw failureOf(this.name, error);
    }
  }
}

/** Errors of this folder are plain; others, such as of the file, are sentences already. */
function failureOf(name: string, error: unknown): unknown {
  if (error instanceof RoundedInteger) {
    return sourceError(name, error.message, { cause: error, advice: error.advice });
  }
  if (!(error instanceof Error) || error.constructor !== Error) return error;
  return sourceError(name, error.message, { cause: error });
}
