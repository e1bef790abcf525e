/** Imports a CSV file: one sequence a row, in one cell or in a column for each timestep, or a row for each timestep. */
import type { ImportItem } from '../../data/record.ts';
import { readFailure } from '../../source/file/read-failure.ts';
import type { KnownItems } from '../../source/known-items.ts';
import type { ColumnUse } from '../../source/preview.ts';
import { columnUses, type FoundColumns } from '../../source/table/found-columns.ts';
import type { TableColumns, TableOptions } from '../../source/table/table-columns.ts';
import { readRows, type TableReader } from '../../source/table/table-reader.ts';
import type { DecimalMark } from '../../source/table/values-cell.ts';
import { findCsvColumns } from './csv-columns.ts';
import { csvReader } from './csv-reader.ts';
import { csvRows, type Row, type Separator } from './csv-rows.ts';
import type { SeparatorOptions } from './csv-separator.ts';
import { dividedText } from './divided-text.ts';
import { withLaterHeader } from './later-header.ts';

/** How to read a CSV file. */
export interface CsvOptions extends TableOptions, SeparatorOptions {
  /** In values; a point by default. */
  readonly decimal?: DecimalMark;
  /** The first line is data; the columns are called 1, 2, 3, … */
  readonly noHeader?: boolean;
  readonly known?: KnownItems | undefined;
}

/** Options of the importer. */
export interface CsvImporterOptions extends TableColumns, Omit<SeparatorOptions, 'path'> {
  readonly decimal: DecimalMark;
  readonly noHeader: boolean;
}

/** The sequences of the file, as `importCsv`. */
export const csvRecords = (
  path: string,
  { delimiter, decimal, noHeader, ...columns }: CsvImporterOptions,
  known?: KnownItems,
): AsyncIterable<ImportItem> => importCsv({ path, columns, delimiter, decimal, noHeader, known });

/**
 * Yields the sequences of the file. Line numbers in errors and ids count from 1 and include the header. For a row
 * that spans lines they name the last line.
 * @throws LockstepError USAGE for a bad delimiter; DATA_NOT_FOUND; DATA_INVALID for an absent column or an
 * unreadable line
 */
export async function* importCsv(options: CsvOptions): AsyncGenerator<ImportItem> {
  const { path, noHeader = false } = options;
  try {
    const { text, separator } = await dividedText(options);
    const rows = csvRows(path, text, separator);
    const readerOf = (first: Row) => ({
      reader: readerFor(options, separator, first),
      isHeader: !noHeader,
    });
    yield* readRows(rows, readerOf, options.known);
  } catch (error) {
    const named = await withLaterHeader(error, path, () => dividedText(options));
    throw readFailure(named, path, 'file');
  }
}

/** The columns and their roles. */
export async function csvColumns(options: CsvOptions): Promise<ColumnUse[]> {
  const { text, separator } = await dividedText(options);
  try {
    for await (const rows of csvRows(options.path, text, separator)) {
      for (const first of rows) return columnUses(columnsOf(options, separator, first));
    }
    return [];
  } catch (error) {
    throw await withLaterHeader(error, options.path, () => dividedText(options));
  }
}

function columnsOf(options: CsvOptions, separator: Separator, first: Row): FoundColumns {
  const { path, columns, noHeader = false } = options;
  const header = Array.from({ length: first.size }, (_, cell) => first.text(cell).trim());
  const delimiter = separator === 'spaces' ? separator : String.fromCharCode(separator);
  return findCsvColumns(path, { header, delimiter, isData: noHeader }, columns);
}

function readerFor(options: CsvOptions, separator: Separator, first: Row): TableReader<Row> {
  const { path, columns, decimal = '.', noHeader = false } = options;
  const found = columnsOf(options, separator, first);
  const isRagged = noHeader && found.values.some(({ isOpen }) => isOpen);
  return csvReader({ path, columns, found, decimal, isRagged });
}
