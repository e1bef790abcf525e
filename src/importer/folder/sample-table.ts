/** Reads a table that is one sequence: a row for each timestep, a column for each channel; or all values in one row. */
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import type { SkipReason } from '../../data/record.ts';
import { CsvCells, SpoiledRow } from '../../formats/csv/csv-cells.ts';
import { looksLikeData } from '../../formats/csv/csv-header.ts';
import { csvRows, type Row } from '../../formats/csv/csv-rows.ts';
import { dividedText } from '../../formats/csv/divided-text.ts';
import { looksNumeric } from '../../source/file/file-format.ts';
import { type TimeKey, TimeSteps, timeKeyOf } from '../../source/long-form/time-key.ts';
import { chooseColumns } from '../../source/table/column-choice.ts';
import { absentColumn, lineError } from '../../source/table/table-columns.ts';
import type { DecimalMark } from '../../source/table/values-cell.ts';

/** How to read such tables. */
export interface SampleTableOptions {
  /** Columns of the values, a channel each; not needed where there is only one. */
  readonly values?: string | undefined;
  /** A column that must rise from row to row; it is no value. */
  readonly time?: string | undefined;
  /** A column with a class for each timestep. */
  readonly timestepLabels?: string | undefined;
  readonly delimiter?: string | undefined;
  readonly decimal?: DecimalMark;
  readonly noHeader?: boolean;
}

/** A sequence without a name. */
export type Sample =
  | {
      readonly values: ArrayLike<number>;
      readonly channels?: number;
      readonly timestepLabels?: readonly string[];
      readonly hasUnevenTimes?: boolean;
    }
  | { readonly skipped: SkipReason; readonly detail?: string; readonly advice?: string };

/** @throws LockstepError DATA_INVALID for columns that are absent or in doubt, and for times that fall */
export async function readSampleTable(path: string, options: SampleTableOptions): Promise<Sample> {
  const { text, separator } = await dividedText({ path, delimiter: options.delimiter });
  const rows = csvRows(path, text, separator);
  const table = new SampleTable(path, options);
  try {
    for await (const some of rows) for (const row of some) table.add(row);
    return table.end();
  } catch (thrown) {
    if (!(thrown instanceof SpoiledRow)) throw thrown;
    const { message: detail, advice } = thrown;
    return { skipped: 'not-a-number', detail, ...(advice && { advice }) };
  }
}

class SampleTable {
  readonly #path: string;
  readonly #options: SampleTableOptions;
  #names: readonly string[] | undefined;
  #columns: Columns | undefined;
  /** Several columns of which none was named: allowed in a lone row. */
  #loneRow: number[] | undefined;
  #cells: CsvCells | undefined;
  readonly #values: number[] = [];
  readonly #labels: string[] = [];
  #time: TimeKey | undefined;
  readonly #steps = new TimeSteps();

  constructor(path: string, options: SampleTableOptions) {
    this.#path = path;
    this.#options = options;
  }

  add(row: Row): void {
    if (this.#cells === undefined && this.#isHeader(row)) return;
    const cells = this.#cells!;
    cells.checkSize(row);
    if (this.#columns === undefined) {
      this.#addLone(row, cells);
      return;
    }
    const { values, time, timestepLabels } = this.#columns;
    if (time !== undefined) this.#checkTime(row, row.text(time).trim());
    for (const column of values) this.#values.push(cells.number(row, column));
    if (timestepLabels !== undefined) this.#labels.push(row.text(timestepLabels).trim());
  }

  /** Looks at the first row. */
  #isHeader(row: Row): boolean {
    const { decimal = '.', noHeader = false } = this.#options;
    const texts = Array.from({ length: row.size }, (_, cell) => row.text(cell).trim());
    const isHeader = !noHeader && !isData(texts);
    const names = isHeader ? texts : texts.map((_, i) => String(i + 1));
    const found = { names, values: [] };
    this.#names = names;
    const isList = row.size === 1 && /[^\s,;][\s,;]+[^\s,;]/.test(texts[0]!);
    this.#columns =
      isList && !isHeader ? undefined : findColumns(this.#path, names, this.#options, isHeader);
    const columns = { values: 'values' };
    this.#cells = new CsvCells({ path: this.#path, columns, found, decimal, isRagged: false });
    return isHeader;
  }

  /** The first row may hold the whole sequence; a second one shows that it does not. */
  #addLone(row: Row, cells: CsvCells): void {
    if (this.#loneRow !== undefined) throw inDoubt(this.#path, this.#names!);
    const lists = Array.from({ length: row.size }, (_, cell) => Array.from(cells.list(row, cell)));
    this.#loneRow = lists.flat();
  }

  #checkTime(row: Row, text: string): void {
    const time = timeKeyOf(text);
    if (time === undefined) throw lineError(this.#path, row.line, `"${text}" is no time`);
    const before = this.#time;
    this.#time = time;
    if (before === undefined) return;
    const [majors, minors] = [time.major - before.major, time.minor - before.minor];
    if (time.kind !== before.kind || (majors || minors) <= 0) {
      throw lineError(
        this.#path,
        row.line,
        `its time ${text} does not follow that of the row before`,
      );
    }
    this.#steps.add(majors, minors, time.kind);
  }

  end(): Sample {
    if (this.#loneRow !== undefined) return { values: this.#loneRow };
    const channels = this.#columns?.values.length ?? 1;
    return {
      values: this.#values,
      channels,
      ...(this.#steps.areUneven && { hasUnevenTimes: true }),
      ...(this.#columns?.timestepLabels !== undefined && { timestepLabels: this.#labels }),
    };
  }
}

/** Whether cells of a first line are numbers or lists of them, so that they are no names. */
const isData = (texts: readonly string[]): boolean =>
  looksLikeData(texts) || texts.every(looksNumeric);

interface Columns {
  readonly values: readonly number[];
  readonly time: number | undefined;
  readonly timestepLabels: number | undefined;
}

/** Undefined where several columns may hold the values and there is no header: a lone row holds them all. */
function findColumns(
  path: string,
  names: readonly string[],
  options: SampleTableOptions,
  isHeader: boolean,
): Columns | undefined {
  const placeOf = (role: 'time' | 'timestepLabels') => {
    const name = options[role];
    if (name === undefined) return undefined;
    const place = names.indexOf(name);
    if (place >= 0) return place;
    throw absentColumn(path, { kind: 'column', name, role, known: names });
  };
  const time = placeOf('time');
  const timestepLabels = placeOf('timestepLabels');
  const taken = new Set([time, timestepLabels].filter((place) => place !== undefined));
  const values = valueColumns(path, names, options.values, taken);
  if (values !== undefined) return { values, time, timestepLabels };
  if (isHeader || taken.size > 0) throw inDoubt(path, names);
  return undefined;
}

function valueColumns(
  path: string,
  names: readonly string[],
  wanted: string | undefined,
  taken: ReadonlySet<number>,
): readonly number[] | undefined {
  if (wanted === undefined) {
    const free = [...names.keys()].filter((place) => !taken.has(place));
    return free.length === 1 ? free : undefined;
  }
  const found = chooseColumns(wanted, names, taken);
  if (Array.isArray(found)) return found.flatMap(({ columns }) => columns);
  if (found.problem === undefined) {
    const name = found.absent ?? wanted;
    throw absentColumn(path, { kind: 'column', name, role: 'values', known: names });
  }
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": ${found.problem}.`,
    found.advice ?? '',
  );
}

function inDoubt(path: string, names: readonly string[]): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}" as one sequence: it has the columns ${listNames(names)}, and none is named as its values.`,
    `Name them with --values, as in --values ${names.at(-1)}, and a column of times with --time. To read each row as a sequence, import the file itself.`,
  );
}
