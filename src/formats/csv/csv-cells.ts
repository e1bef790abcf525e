/** The cells of a CSV row by their roles. */

import type { FoundColumns } from '../../source/table/found-columns.ts';
import { parseNamesCell } from '../../source/table/names-cell.ts';
import type { RowFields } from '../../source/table/row-record.ts';
import { lineError, type TableOptions } from '../../source/table/table-columns.ts';
import { CellError, type DecimalMark, NotANumber } from '../../source/table/values-cell.ts';
import { CellNumbers, type CellValues } from './cell-numbers.ts';
import type { Row } from './csv-rows.ts';

/** What there is to know of a file. */
export interface CsvFile extends TableOptions {
  readonly found: FoundColumns;
  readonly decimal: DecimalMark;
  /** Rows may have more or fewer cells than the first: there is no header. */
  readonly isRagged: boolean;
}

/** Integers below it are doubles, and what `timeKeyOf` makes of them is the number itself. */
const SMALL = 1e15;

/** Texts of a column that are kept; longer ones are not. */
const SLOTS = 4096;
const LONGEST = 64;

/** The text of one column. Cells that were seen a short time ago are not decoded again. */
class TextColumn {
  readonly #column: number;
  readonly #bytes: (Uint8Array | undefined)[] = new Array(SLOTS);
  readonly #texts: string[] = new Array(SLOTS);

  constructor(column: number) {
    this.#column = column;
  }

  of(row: Row): string {
    const [start, end] = [row.starts[this.#column]!, row.ends[this.#column]!];
    if (end - start > LONGEST || !row.isPlain(this.#column)) return row.text(this.#column).trim();
    const slot = slotOf(row.bytes, start, end);
    if (!isEqual(this.#bytes[slot], row.bytes, start, end)) {
      this.#bytes[slot] = Uint8Array.prototype.slice.call(row.bytes, start, end);
      this.#texts[slot] = row.text(this.#column).trim();
    }
    return this.#texts[slot]!;
  }
}

/** FNV-1a. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  let hash = 0x811c9dc5;
  for (let i = start; i < end; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  return (hash ^ (hash >>> 16)) & (SLOTS - 1);
}

function isEqual(
  known: Uint8Array | undefined,
  bytes: Uint8Array,
  start: number,
  end: number,
): boolean {
  if (known?.length !== end - start) return false;
  for (let i = 0; i < known.length; i++) if (known[i] !== bytes[start + i]) return false;
  return true;
}

/** What both readers take from a row. */
export class CsvCells {
  readonly file: CsvFile;
  readonly numbers: CellNumbers;
  readonly #id: TextColumn | undefined;
  readonly #label: TextColumn | undefined;
  readonly #group: TextColumn | undefined;
  readonly #split: TextColumn | undefined;

  constructor(file: CsvFile) {
    this.file = file;
    this.numbers = new CellNumbers(file.decimal);
    const { id, label, group, split } = file.found;
    [this.#id, this.#label, this.#group, this.#split] = [id, label, group, split].map((column) =>
      column === undefined ? undefined : new TextColumn(column),
    );
  }

  id(row: Row): string | undefined {
    return this.#id?.of(row);
  }

  label(row: Row): string | undefined {
    return this.#label?.of(row);
  }

  group(row: Row): string | undefined {
    return this.#group?.of(row);
  }

  split(row: Row): string | undefined {
    return this.#split?.of(row);
  }

  /** A number, where the cell is one that a double holds with all its digits; else the text. */
  time(row: Row): number | string {
    const cell = this.file.found.time!;
    const number = this.numbers.plain(row, cell);
    return Math.abs(number) < SMALL ? number : row.text(cell).trim();
  }

  checkSize(row: Row): void {
    const { path, found, isRagged } = this.file;
    const expected = found.names.length;
    if (row.size === expected || isRagged) return;
    const what = `it has ${row.size} ${row.size === 1 ? 'cell' : 'cells'}, and the first line has ${expected}`;
    throw lineError(path, row.line, what, { advice: sizeAdvice(row.size - expected) });
  }

  rowText(row: Row): RowFields {
    return {
      id: this.id(row),
      label: this.label(row),
      group: this.group(row),
      split: this.split(row),
      labels: this.labels(row),
      targets: this.targets(row),
    };
  }

  /** From a list of names, or from a column of 1 and 0 for each class. */
  labels(row: Row): readonly string[] | undefined {
    const { labels, names } = this.file.found;
    if (labels === undefined) return undefined;
    const columns = labels.flatMap((part) => part.columns);
    if (columns.length === 1) {
      const text = row.text(columns[0]!).trim();
      return text === '' ? undefined : parseNamesCell(text).filter((name) => name !== '');
    }
    const marks = columns.map((column) => this.#mark(row, column));
    if (marks.every((mark) => mark === undefined)) return undefined;
    return columns.filter((_, i) => marks[i]).map((column) => names[column]!);
  }

  #mark(row: Row, column: number): boolean | undefined {
    const text = row.text(column).trim().toLowerCase();
    if (text === '') return undefined;
    if (['1', '1.0', 'true'].includes(text)) return true;
    if (['0', '0.0', 'false'].includes(text)) return false;
    const what = `column "${this.file.found.names[column]}": "${text}" is neither 1 nor 0`;
    throw lineError(this.file.path, row.line, what);
  }

  targets(row: Row): readonly number[] | undefined {
    const { target } = this.file.found;
    if (target === undefined) return undefined;
    const numbers = target.flatMap(({ columns }) => columns.map((cell) => this.number(row, cell)));
    return numbers.every(Number.isNaN) ? undefined : numbers;
  }

  /** @throws SpoiledRow; LockstepError for two kinds of separators */
  number(row: Row, cell: number): number {
    try {
      return this.numbers.one(row, cell);
    } catch (thrown) {
      throw this.#fault(thrown, row, cell);
    }
  }

  /** @throws SpoiledRow; LockstepError for two kinds of separators */
  list(row: Row, cell: number): CellValues {
    try {
      return this.numbers.list(row, cell);
    } catch (thrown) {
      throw this.#fault(thrown, row, cell);
    }
  }

  #fault(thrown: unknown, row: Row, cell: number): unknown {
    if (!(thrown instanceof CellError)) return thrown;
    const what = `column "${this.file.found.names[cell]}": ${thrown.message}`;
    if (thrown instanceof NotANumber) {
      return new SpoiledRow(`line ${row.line}, ${what}`, thrown.advice);
    }
    const { path } = this.file;
    return lineError(path, row.line, what, { cause: thrown, advice: thrown.advice });
  }
}

const sizeAdvice = (surplus: number): string | undefined =>
  surplus === 1
    ? 'Correct the line. Leave out row names (in R, row.names = FALSE) and a separator at the end of a line.'
    : undefined;

/** A row that spoils its sequence, and no other. */
export class SpoiledRow extends Error {
  readonly advice: string | undefined;

  constructor(message: string, advice?: string) {
    super(message);
    this.advice = advice;
  }
}
