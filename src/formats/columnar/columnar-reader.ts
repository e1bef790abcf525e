/** Turns the rows of a columnar file into sequences: one a row, or, in long form, one for each id. */
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import type { ImportItem } from '../../data/record.ts';
import { LongForm, type LongRow } from '../../source/long-form/long-form.ts';
import { LongFormReader } from '../../source/long-form/long-form-reader.ts';
import type { ColumnPart } from '../../source/table/column-choice.ts';
import { interleaved, UNEVEN } from '../../source/table/interleave.ts';
import { itemOfRow, type RowValues, timestepByTimestep } from '../../source/table/row-record.ts';
import type { TableReader } from '../../source/table/table-reader.ts';
import { isList, textOf } from './cell.ts';
import type { ColumnarCells, ColumnarRow } from './columnar-cells.ts';

interface ReaderOptions {
  readonly channels?: 'first' | 'last' | number | undefined;
}

/** Integers below it are doubles, and what `timeKeyOf` makes of them is the number itself. */
const SMALL = 1e15;

export const columnarReader = (
  cells: ColumnarCells,
  options: ReaderOptions,
): TableReader<ColumnarRow> =>
  cells.found.time === undefined ? new SequenceReader(cells, options) : new LongReader(cells);

class SequenceReader implements TableReader<ColumnarRow> {
  readonly isFull = false;
  readonly #cells: ColumnarCells;
  readonly #channels: ReaderOptions['channels'];

  constructor(cells: ColumnarCells, { channels }: ReaderOptions) {
    this.#cells = cells;
    this.#channels = channels;
  }

  read(row: ColumnarRow): ImportItem {
    const { path } = this.#cells;
    const timestepLabels = this.#cells.timestepLabels(row);
    const fields = { ...this.#cells.fields(row), timestepLabels };
    const values = this.#values(row);
    if (values !== UNEVEN) return itemOfRow(path, row.row, fields, values);
    return { id: fields.id || `${basename(path)}:${row.row}`, skipped: 'uneven-channels' };
  }

  /** One column or range a channel, or all channels in one. */
  #values(row: ColumnarRow): RowValues | typeof UNEVEN {
    const parts = this.#cells.found.values;
    const [part, more] = parts;
    if (part !== undefined && more === undefined) return this.#inChannels(this.#part(row, part));
    const lists = parts.map((one) => this.#part(row, one));
    if (lists.some((list) => list === UNEVEN || (list.channels ?? 1) > 1)) return UNEVEN;
    const values = interleaved(lists.map((list) => (list as RowValues).values));
    const isPadded = parts.some(({ isRange }) => isRange);
    return values === UNEVEN ? UNEVEN : { values, channels: parts.length, isPadded };
  }

  /** Divides a list that holds all channels. */
  #inChannels(found: RowValues | typeof UNEVEN): RowValues | typeof UNEVEN {
    const channels = this.#channels;
    if (found === UNEVEN || typeof channels !== 'number') return found;
    if (found.channels !== undefined && found.channels !== channels) return UNEVEN;
    return found.values.length % channels === 0 ? { ...found, channels } : UNEVEN;
  }

  #part(row: ColumnarRow, { columns, isRange }: ColumnPart): RowValues | typeof UNEVEN {
    if (isRange) return { values: this.#cells.numbersIn(row, columns), isPadded: true };
    const cell = this.#cells.cell(row, columns[0]!);
    if (cell === null) return { values: [] };
    if (typeof cell === 'string') return { values: this.#cells.listInText(row, columns[0]!, cell) };
    if (!isList(cell)) throw this.#noList(row, columns[0]!);
    const numbers = this.#cells.numbers(row, 'values', cell);
    if (cell.lengths === undefined || cell.lengths.length === 0) return { values: numbers };
    return this.#nested(row, numbers, cell.lengths);
  }

  #noList(row: ColumnarRow, column: number): LockstepError {
    const name = this.#cells.found.names[column]!;
    return this.#cells.error(
      row,
      'its values are no list',
      `If each row is one timestep (the long form), say --id ID --time TIME --values ${name}; if each column is one, --values FIRST..LAST.`,
    );
  }

  #nested(row: ColumnarRow, numbers: ArrayLike<number>, lengths: readonly number[]) {
    const [inner = 0] = lengths;
    if (lengths.some((length) => length !== inner)) return UNEVEN;
    if (this.#channels === undefined && lengths.length > 1 && inner !== 1) {
      throw new LockstepError(
        'USAGE',
        `Cannot import "${this.#cells.path}": row ${row.row} has ${lengths.length} lists of ${inner} values, which may be channels or timesteps.`,
        'Say --channels first if each inner list is a channel, or --channels last if each is a timestep.',
      );
    }
    const axis = this.#channels ?? (lengths.length === 1 ? 'first' : 'last');
    return axis === 'first'
      ? { values: timestepByTimestep(numbers, lengths.length), channels: lengths.length }
      : { values: numbers, channels: inner };
  }

  async flush(): Promise<void> {}

  rest(): ImportItem[] {
    return [];
  }

  async close(): Promise<void> {}
}

class LongReader extends LongFormReader<ColumnarRow> {
  readonly #cells: ColumnarCells;
  readonly #columns: readonly number[];

  constructor(cells: ColumnarCells) {
    const { path, found } = cells;
    const columns = found.values.flatMap((part) => part.columns);
    const hasTimestepLabels = found.timestepLabels !== undefined;
    const soleId = found.id === undefined ? basename(path) : undefined;
    super(new LongForm({ path, channels: columns.length, hasTimestepLabels, unit: 'row', soleId }));
    this.#cells = cells;
    this.#columns = columns;
  }

  read(row: ColumnarRow): undefined {
    this.isFull = this.form.add(this.#longRow(row));
  }

  #longRow(row: ColumnarRow): LongRow {
    const { id = '', label, group, split, labels, targets } = this.#cells.fields(row);
    return {
      ...{ line: row.row, id, label, group, split, labels, targets },
      time: this.#time(row),
      values: Float64Array.from(this.#cells.numbersIn(row, this.#columns)),
      timestepLabel: this.#cells.text(row, 'timestepLabels'),
    };
  }

  #time(row: ColumnarRow): number | string {
    const cell = this.#cells.cell(row, this.#cells.found.time!);
    if (isList(cell)) throw this.#cells.error(row, 'its time is a list');
    return typeof cell === 'number' && Math.abs(cell) < SMALL ? cell : textOf(cell);
  }
}
