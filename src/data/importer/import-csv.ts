/** Imports a CSV file: one sequence a row, in one cell or in a column for each timestep, or a row for each timestep. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { contentName } from './compressed.ts';
import { type CsvColumns, columnUses, findColumns } from './csv-columns.ts';
import { csvReader } from './csv-reader.ts';
import { csvRows, type Row, type Separator } from './csv-rows.ts';
import { defineImporter } from './define-importer.ts';
import type { KnownItems } from './known-items.ts';
import type { ColumnUse } from './preview.ts';
import { readFailure } from './read-failure.ts';
import { readText } from './read-text.ts';
import type { ImportItem } from './record.ts';
import { type TableOptions, tableColumns } from './table-columns.ts';
import { readRows, type TableReader } from './table-reader.ts';
import type { DecimalMark } from './values-cell.ts';

/** How to read a CSV file. */
export interface CsvOptions extends TableOptions {
  /** Between cells: by default a tab in a .tsv file, a comma in others. `spaces`: a run of spaces and tabs. */
  readonly delimiter?: string | undefined;
  /** In values; a point by default. */
  readonly decimal?: DecimalMark;
  /** The first line is data; the columns are called 1, 2, 3, … */
  readonly noHeader?: boolean;
  readonly known?: KnownItems | undefined;
}

export const csvImporter = defineImporter({
  kind: 'csv',
  options: z.object({
    ...tableColumns,
    delimiter: z.string().optional(),
    /** What stands before the fraction of a value. */
    decimal: z.enum(['.', ',']).default('.'),
    noHeader: z.boolean().default(false),
  }),
  accepts: (path) => /\.(csv|tsv|txt)$/i.test(contentName(path)),
  records: (path, { delimiter, decimal, noHeader, ...columns }, known) =>
    importCsv({ path, columns, delimiter, decimal, noHeader, known }),
  columns: async (path, { delimiter, noHeader, ...columns }) =>
    await csvColumns({ path, columns, delimiter, noHeader }),
});

/**
 * Yields the sequences of the file. Line numbers in errors and ids count from 1 and include the header. For a row
 * that spans lines they name the last line.
 * @throws LockstepError USAGE for a bad delimiter; DATA_NOT_FOUND; DATA_INVALID for an absent column or an
 * unreadable line
 */
export async function* importCsv(options: CsvOptions): AsyncGenerator<ImportItem> {
  const { path, noHeader = false } = options;
  const separator = separatorOf(options);
  const rows = csvRows(path, readText(path), separator);
  try {
    const readerOf = (first: Row) => ({
      reader: readerFor(options, separator, first),
      isHeader: !noHeader,
    });
    yield* readRows(rows, readerOf, options.known);
  } catch (error) {
    throw readFailure(error, path, 'file');
  }
}

/** The columns and their roles. */
async function csvColumns(options: CsvOptions): Promise<ColumnUse[]> {
  const separator = separatorOf(options);
  for await (const rows of csvRows(options.path, readText(options.path), separator)) {
    for (const first of rows) return columnUses(columnsOf(options, separator, first));
  }
  return [];
}

function columnsOf(options: CsvOptions, separator: Separator, first: Row): CsvColumns {
  const { path, columns, noHeader = false } = options;
  const header = Array.from({ length: first.size }, (_, cell) => first.text(cell).trim());
  const delimiter = separator === 'spaces' ? separator : String.fromCharCode(separator);
  return findColumns(path, { header, delimiter, isData: noHeader }, columns);
}

function readerFor(options: CsvOptions, separator: Separator, first: Row): TableReader<Row> {
  const { path, columns, decimal = '.', noHeader = false } = options;
  const found = columnsOf(options, separator, first);
  const isRagged = noHeader && found.values.some(({ isOpen }) => isOpen);
  return csvReader({ path, columns, found, decimal, isRagged });
}

/** A tab is hard to type. */
export function separatorOf({
  path,
  delimiter,
}: Pick<CsvOptions, 'path' | 'delimiter'>): Separator {
  if (delimiter === undefined) return /\.tsv$/i.test(contentName(path)) ? 0x09 : 0x2c;
  if (delimiter === 'spaces') return delimiter;
  const character = delimiter === '\\t' ? '\t' : delimiter;
  if (/^[\t !#-*,/:-@[-`{-~]$/.test(character)) return character.charCodeAt(0);
  throw new LockstepError(
    'USAGE',
    `Cannot use the delimiter ${JSON.stringify(delimiter)}: allowed is one ASCII character, no quote, letter, digit or sign.`,
    "Give a comma, ';', '|' or '\\t' for a tab; or the word spaces for any number of spaces and tabs.",
  );
}
