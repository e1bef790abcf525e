/** Turns the rows of a CSV file into sequences: one a row, or, in long form, one for each id. */
import { basename } from 'node:path';
import { isSummaryName } from '../../core/summary-name.ts';
import type { ImportItem } from '../../data/record.ts';
import { LongForm, type LongRow } from '../../source/long-form/long-form.ts';
import { LongFormReader } from '../../source/long-form/long-form-reader.ts';
import { LongFormSigns } from '../../source/long-form/long-form-signs.ts';
import type { ColumnPart } from '../../source/table/column-choice.ts';
import { interleaved, UNEVEN } from '../../source/table/interleave.ts';
import { parseNamesCell } from '../../source/table/names-cell.ts';
import { type RowValues, spoiledItem } from '../../source/table/row-record.ts';
import { itemOfLine, lineError } from '../../source/table/table-columns.ts';
import type { TableReader } from '../../source/table/table-reader.ts';
import type { CellValues } from './cell-numbers.ts';
import { CsvCells, type CsvFile, SpoiledRow } from './csv-cells.ts';
import type { Row } from './csv-rows.ts';
import { areIntegers, areNumbers, narrowed } from './integer-cells.ts';

export const csvReader = (file: CsvFile): TableReader<Row> =>
  file.found.time === undefined ? new SequenceReader(file) : new LongReader(file);

class SequenceReader implements TableReader<Row> {
  readonly isFull = false;
  readonly hasItemARow = true;
  readonly #file: CsvFile;
  readonly #cells: CsvCells;
  readonly #signs: LongFormSigns;
  /** Of the last row, where it has an id. */
  #last: { readonly id: string; readonly line: number } | undefined;
  /** Ranges that are one column next to the other, in every row. */
  readonly #adjacent: ReadonlySet<ColumnPart>;

  constructor(file: CsvFile) {
    this.#file = file;
    this.#adjacent = new Set(file.isRagged ? [] : file.found.values.filter(isAdjacent));
    this.#cells = new CsvCells(file);
    this.#signs = new LongFormSigns(file.path, file.columns, file.found.names);
  }

  read(row: Row): ImportItem {
    const { path } = this.#file;
    this.#cells.checkSize(row);
    const fallbackId = `${basename(path)}:${row.line}`;
    const ownId = this.#cells.id(row);
    const id = ownId ?? fallbackId;
    if (ownId !== undefined) this.#last = { id, line: row.line };
    try {
      const text = this.#cells.rowText(row);
      const values = this.#values(row);
      if (values === UNEVEN) return { id, skipped: 'uneven-channels' };
      this.#signs.look(row.line, id, values.values.length);
      const timestepLabels = this.#timestepLabels(row);
      return itemOfLine(path, row.line, { ...text, timestepLabels }, fallbackId, values);
    } catch (thrown) {
      if (!(thrown instanceof SpoiledRow)) throw thrown;
      return spoiledItem(id, thrown, this.#cells.label(row));
    }
  }

  /** One column or range a channel, or all channels in one. */
  #values(row: Row): RowValues | typeof UNEVEN {
    const parts = this.#file.found.values;
    const { channels } = this.#file.columns;
    const lists = parts.map((part) => this.#known(row, part) ?? this.#part(row, part));
    const isPadded = parts.some(({ isRange }) => isRange);
    if (lists.length === 1) {
      const [values] = lists as [CellValues];
      if (values.length % (channels ?? 1) !== 0) return UNEVEN;
      return { values, isPadded, ...(channels !== undefined && { channels }) };
    }
    const values = interleaved(lists);
    return values === UNEVEN ? UNEVEN : { values, channels: lists.length, isPadded };
  }

  /** The values of a range, where the row has all of them as short numbers; else undefined. */
  #known(row: Row, part: ColumnPart): CellValues | undefined {
    const { integers } = row;
    const [first] = part.columns;
    if (!part.isRange || first === undefined || !this.#adjacent.has(part)) return undefined;
    const end = first + part.columns.length;
    let bits = 0;
    for (let cell = first; cell < end; cell++) bits |= integers[cell]!;
    if (areIntegers(bits)) return narrowed(integers.subarray(first, end), bits);
    const mayHavePoints = this.#file.decimal === '.';
    return mayHavePoints && areNumbers(bits) ? row.numbers(first, end) : undefined;
  }

  #part(row: Row, part: ColumnPart): CellValues {
    if (!part.isRange) return this.#cells.list(row, part.columns[0]!);
    const [first = 0] = part.columns;
    const isOpen = part.isOpen && this.#file.isRagged;
    const { integers } = row;
    const values = new Float64Array(isOpen ? Math.max(0, row.size - first) : part.columns.length);
    for (let i = 0; i < values.length; i++) {
      const cell = isOpen ? first + i : part.columns[i]!;
      const integer = integers[cell]!;
      values[i] = integer >= 0 ? integer : this.#cells.number(row, cell);
    }
    return values;
  }

  #timestepLabels(row: Row): string[] | undefined {
    const parts = this.#file.found.timestepLabels;
    if (parts === undefined) return undefined;
    const columns = parts.flatMap((part) => part.columns);
    if (columns.length > 1) return columns.map((column) => row.text(column).trim());
    const text = row.text(columns[0]!).trim();
    return text === '' ? undefined : parseNamesCell(text);
  }

  /** A row of sums would be a sequence like all others. */
  #refuseSummary(): void {
    if (this.#last === undefined || !isSummaryName(this.#last.id)) return;
    const { id, line } = this.#last;
    throw lineError(this.#file.path, line, `the last row is called "${id}", as one of sums is`, {
      advice: 'Remove it; if it is a sequence as the others are, give it another id.',
    });
  }

  async flush(): Promise<void> {}

  rest(): ImportItem[] {
    this.#signs.refuse();
    this.#refuseSummary();
    return [];
  }

  async close(): Promise<void> {}
}

const isAdjacent = ({ columns }: ColumnPart): boolean =>
  columns.every((column, i) => column === columns[0]! + i);

class LongReader extends LongFormReader<Row> {
  readonly #file: CsvFile;
  readonly #cells: CsvCells;
  readonly #columns: readonly number[];
  readonly #row: LongRow;

  constructor(file: CsvFile) {
    const { found, path } = file;
    const columns = found.values.flatMap((part) => part.columns);
    const hasTimestepLabels = found.timestepLabels !== undefined;
    const soleId = found.id === undefined ? basename(path) : undefined;
    super(new LongForm({ path, channels: columns.length, hasTimestepLabels, soleId }));
    this.#file = file;
    this.#cells = new CsvCells(file);
    this.#columns = columns;
    this.#row = {
      ...{ line: 0, id: '', time: '', values: new Float64Array(this.#columns.length) },
      ...{ label: undefined, group: undefined, split: undefined },
      ...{ labels: undefined, targets: undefined, timestepLabel: undefined },
    };
  }

  read(row: Row): undefined {
    this.#cells.checkSize(row);
    try {
      this.isFull = this.form.add(this.#longRow(row));
    } catch (thrown) {
      if (!(thrown instanceof SpoiledRow)) throw thrown;
      this.form.spoil(this.#cells.id(row) ?? '', thrown);
    }
  }

  /** One object for all rows: there may be hundreds of millions. */
  #longRow(row: Row): LongRow {
    const long = this.#row;
    const cells = this.#cells;
    const { found } = this.#file;
    for (let i = 0; i < this.#columns.length; i++) {
      long.values[i] = cells.number(row, this.#columns[i]!);
    }
    long.line = row.line;
    long.id = cells.id(row) ?? '';
    long.time = cells.time(row);
    long.label = cells.label(row);
    long.group = cells.group(row);
    long.split = cells.split(row);
    if (found.labels !== undefined) long.labels = cells.labels(row);
    if (found.target !== undefined) long.targets = cells.targets(row);
    const [part] = found.timestepLabels ?? [];
    if (part !== undefined) long.timestepLabel = row.text(part.columns[0]!).trim();
    return long;
  }
}
