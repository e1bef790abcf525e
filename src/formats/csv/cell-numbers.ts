/** The numbers in the cells of a row: from its bytes where they are plain, else from its text. */

import { type DecimalMark, parseNumber, parseValuesCell } from '../../source/table/values-cell.ts';
import type { Row } from './csv-rows.ts';
import { DecimalReader } from './decimal-reader.ts';
import { areIntegers, areNumbers, CellDivider, MOST_BYTES, narrowed } from './integer-cells.ts';

const [TAB, SPACE, COMMA, SEMICOLON, OPEN, CLOSE] = [0x09, 0x20, 0x2c, 0x3b, 0x5b, 0x5d];
const [POINT, MINUS] = [0x2e, 0x2d];
const FIRST_NUMBERS = 1024;
/** A list of this size is worth the call of another program. */
const LONG_LIST_BYTES = 64;

const lists = new CellDivider();

/** Numbers of one cell or of several. */
export type CellValues = Uint8Array | Int32Array | Float64Array;

/** Keeps its buffer from cell to cell. */
export class CellNumbers {
  readonly #decimal: DecimalMark;
  readonly #reader = new DecimalReader();
  #numbers = new Float64Array(FIRST_NUMBERS);

  constructor(decimal: DecimalMark) {
    this.#decimal = decimal;
  }

  /**
   * The number of a cell; NaN if the cell is empty.
   * @throws NotANumber, CellError
   */
  one(row: Row, cell: number): number {
    const integer = row.integers[cell]!;
    if (integer >= 0) return integer;
    const number = this.#decimal === '.' ? this.plain(row, cell) : Number.NaN;
    if (!Number.isNaN(number)) return number;
    return parseNumber(row.text(cell).trim(), this.#decimal);
  }

  /** The number of a cell that holds nothing else, with a decimal point; otherwise NaN. */
  plain(row: Row, cell: number): number {
    const integer = row.integers[cell]!;
    if (integer >= 0) return integer;
    const known = row.number(cell);
    if (!Number.isNaN(known)) return known;
    const end = row.ends[cell]!;
    const number = this.#reader.read(row.bytes, row.starts[cell]!, end);
    return this.#reader.end === end && isSmall(number) ? number : Number.NaN;
  }

  /**
   * The numbers of a cell that holds a list.
   * @throws NotANumber, CellError
   */
  list(row: Row, cell: number): CellValues {
    const plain = numbersOf(row, cell, this.#decimal);
    if (plain !== undefined) return plain;
    const size = this.#decimal === '.' && row.isPlain(cell) ? this.#plainList(row, cell) : -1;
    return size < 0 ? parseValuesCell(row.text(cell), this.#decimal) : this.#numbers.slice(0, size);
  }

  /** Fills the buffer with a list that has the same separator everywhere; −1 for any other cell. */
  #plainList({ bytes, starts, ends }: Row, cell: number): number {
    let at = starts[cell]!;
    let end = ends[cell]!;
    if (bytes[at] === OPEN && bytes[end - 1] === CLOSE) {
      at++;
      end--;
    }
    let [size, separator, spaces] = [0, 0, 0];
    for (;;) {
      if (size === this.#numbers.length) this.#grow();
      const number = this.#reader.read(bytes, at, end);
      if (this.#reader.end === at || !isSmall(number)) return -1;
      this.#numbers[size++] = number;
      at = this.#reader.end;
      if (at === end) return size;
      const found = bytes[at++]!;
      const gap = at;
      while (at < end && bytes[at] === SPACE) at++;
      if (separator === 0) {
        if (!isSeparator(found)) return -1;
        [separator, spaces] = [found, at - gap];
      }
      if (found !== separator || (found !== SPACE && at - gap !== spaces)) return -1;
    }
  }

  #grow(): void {
    const grown = new Float64Array(this.#numbers.length * 2);
    grown.set(this.#numbers);
    this.#numbers = grown;
  }
}

/** Not beyond the integers that a double holds: of larger ones, the text counts. */
const isSmall = (number: number): boolean => Math.abs(number) <= Number.MAX_SAFE_INTEGER;

/** A list of short numbers, one separator between them, with a space behind it or not; undefined for any other cell. */
function numbersOf(
  { bytes, starts, ends }: Row,
  cell: number,
  mark: DecimalMark,
): CellValues | undefined {
  let [start, end] = [starts[cell]!, ends[cell]!];
  if (bytes[start] === OPEN && bytes[end - 1] === CLOSE) {
    start++;
    end--;
  }
  if (end - start < LONG_LIST_BYTES || end - start > MOST_BYTES) return undefined;
  let at = start;
  while (at < end && isOfNumber(bytes[at]!)) at++;
  if (!isSeparator(bytes[at]!)) return undefined;
  const separator = bytes[at]!;
  const gap = separator !== SPACE && bytes[at + 1] === SPACE ? 1 : 0;
  const { size, integers, bits, numbers } = lists.divide(bytes, start, end, separator, gap);
  if (areIntegers(bits)) return narrowed(integers.subarray(0, size), bits);
  return areNumbers(bits) && mark === '.' ? numbers.slice(0, size) : undefined;
}

const isOfNumber = (byte: number): boolean =>
  (byte >= 0x30 && byte <= 0x39) || byte === POINT || byte === MINUS;
const isSeparator = (byte: number): boolean =>
  byte === SPACE || byte === COMMA || byte === SEMICOLON || byte === TAB;
