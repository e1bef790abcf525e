/** The cells of a columnar row by their roles. */
import type { LockstepError } from '../../core/errors.ts';
import { RoundedInteger } from '../../core/exact-integer.ts';
import type { ColumnPart } from '../../source/table/column-choice.ts';
import { type ColumnRole, type FoundColumns, roleWord } from '../../source/table/found-columns.ts';
import { parseNamesCell } from '../../source/table/names-cell.ts';
import { type RowFields, rowError } from '../../source/table/row-record.ts';
import { CellError, parseValuesCell } from '../../source/table/values-cell.ts';
import { type Cell, type ColumnarFile, isList, type ListCell, numbersOf, textOf } from './cell.ts';

/** One row: its number, from 0, and the cells of `ColumnarCells.names`. */
export interface ColumnarRow {
  readonly row: number;
  readonly cells: readonly Cell[];
}

/** What both readers take from a row. */
export class ColumnarCells {
  readonly path: string;
  readonly found: FoundColumns;
  /** The columns that have a role, each once. */
  readonly names: readonly string[];
  /** Where the cell of a column is among those that are read. */
  readonly #places: ReadonlyMap<number, number>;
  readonly #classNames: readonly (readonly string[] | undefined)[];

  constructor({ path, columns }: ColumnarFile, found: FoundColumns) {
    this.path = path;
    this.found = found;
    const read = [...new Set(columnsOf(found))];
    this.names = read.map((column) => found.names[column]!);
    this.#places = new Map(read.map((column, place) => [column, place]));
    this.#classNames = columns.map(({ classNames }) => classNames);
  }

  cell({ cells }: ColumnarRow, column: number): Cell {
    return cells[this.#places.get(column)!]!;
  }

  error({ row }: ColumnarRow, what: string, advice?: string): LockstepError {
    return rowError(this.path, row, what, advice);
  }

  /** A scalar as text, or the class that its integer numbers; undefined if there is no such column. */
  text(row: ColumnarRow, role: ColumnRole & keyof FoundColumns): string | undefined {
    const place = this.found[role];
    const column = typeof place === 'number' ? place : (place?.[0] as ColumnPart)?.columns[0];
    if (column === undefined) return undefined;
    const cell = this.cell(row, column);
    if (isList(cell)) throw this.error(row, `its ${roleWord(role)} is a list`);
    return this.#className(row, role, column, textOf(cell));
  }

  fields(row: ColumnarRow): Omit<RowFields, 'timestepLabels'> {
    return {
      id: this.text(row, 'id'),
      label: this.text(row, 'label'),
      group: this.text(row, 'group'),
      split: this.text(row, 'split'),
      labels: this.#labels(row),
      targets: this.#targets(row),
    };
  }

  /** From a list of names, or from a column of 1 and 0 for each class. */
  #labels(row: ColumnarRow): readonly string[] | undefined {
    const columns = this.found.labels?.flatMap((part) => part.columns);
    if (columns === undefined) return undefined;
    if (columns.length === 1) return this.#names(row, 'labels', columns[0]!);
    const marks = columns.map((column) => this.#mark(row, column));
    if (marks.every((mark) => mark === undefined)) return undefined;
    return columns.filter((_, i) => marks[i]).map((column) => this.found.names[column]!);
  }

  #mark(row: ColumnarRow, column: number): boolean | undefined {
    const cell = this.cell(row, column);
    const text = isList(cell) ? 'a list' : textOf(cell).toLowerCase();
    if (text === '') return undefined;
    if (text === '1' || text === 'true') return true;
    if (text === '0' || text === 'false') return false;
    throw this.error(row, `column "${this.found.names[column]}": "${text}" is neither 1 nor 0`);
  }

  /** A class for each timestep: a list, or a column for each. */
  timestepLabels(row: ColumnarRow): readonly string[] | undefined {
    const columns = this.found.timestepLabels?.flatMap((part) => part.columns);
    if (columns === undefined) return undefined;
    if (columns.length === 1) return this.#names(row, 'timestepLabels', columns[0]!);
    return columns.map((column) => {
      const cell = this.cell(row, column);
      if (isList(cell)) throw this.error(row, 'its labels of the timesteps are lists');
      return this.#className(row, 'timestepLabels', column, textOf(cell));
    });
  }

  /** A list of names, or one in a text as in a CSV file. */
  #names(row: ColumnarRow, role: ColumnRole, column: number): string[] | undefined {
    const cell = this.cell(row, column);
    if (cell === null || cell === '') return undefined;
    if (typeof cell === 'string') return parseNamesCell(cell);
    if (!isList(cell)) throw this.error(row, `its ${roleWord(role)} are no list`);
    return Array.from(cell.items, (item) => this.#className(row, role, column, textOf(item)));
  }

  /** Integers of a column with class names stand for these; -1 is no class. */
  #className(row: ColumnarRow, role: ColumnRole, column: number, text: string): string {
    const names = this.#classNames[column];
    if (names === undefined || text === '' || !/^-?\d+$/.test(text)) return text;
    if (text === '-1') return '';
    const name = names[Number(text)];
    if (name !== undefined) return name;
    throw this.error(row, `${roleWord(role)} ${text} is none of the ${names.length} classes`);
  }

  #targets(row: ColumnarRow): number[] | undefined {
    const columns = this.found.target?.flatMap((part) => part.columns);
    if (columns === undefined) return undefined;
    const numbers = columns.flatMap((column) => {
      const cell = this.cell(row, column);
      return Array.from(this.numbers(row, 'target', isList(cell) ? cell : { items: [cell] }));
    });
    return numbers.every(Number.isNaN) ? undefined : numbers;
  }

  /** One number in each of several columns. */
  numbersIn(row: ColumnarRow, columns: readonly number[]): ArrayLike<number> {
    const items = columns.map((column) => {
      const cell = this.cell(row, column);
      if (!isList(cell)) return cell;
      throw this.error(row, `its column "${this.found.names[column]}" holds a list, not one value`);
    });
    return this.numbers(row, 'values', { items });
  }

  /** A list that is written as text, as in a cell of a CSV file. */
  listInText(row: ColumnarRow, column: number, text: string): Float64Array {
    try {
      return parseValuesCell(text);
    } catch (error) {
      if (!(error instanceof CellError)) throw error;
      const what = `column "${this.found.names[column]}": ${error.message}`;
      throw this.error(row, what, error.advice);
    }
  }

  numbers(row: ColumnarRow, role: ColumnRole, { items }: ListCell): ArrayLike<number> {
    try {
      return numbersOf(items);
    } catch (error) {
      const advice = error instanceof RoundedInteger ? error.advice : undefined;
      throw this.error(row, `${role}: ${(error as Error).message}`, advice);
    }
  }
}

function columnsOf(found: FoundColumns): number[] {
  const { names: _, ...roles } = found;
  return Object.values(roles).flatMap((place) =>
    typeof place === 'number' ? [place] : place.flatMap(({ columns }) => columns),
  );
}
