/** Imports a CSV file with a header: one sequence a row, its values in one cell. */
import { basename } from 'node:path';
import { pipeline, Readable } from 'node:stream';
import { CsvError, parse } from 'csv-parse';
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { contentName } from './compressed.ts';
import { type Header, headerHint } from './csv-header.ts';
import { defineImporter } from './define-importer.ts';
import { readFailure } from './read-failure.ts';
import { readText } from './read-text.ts';
import type { RawRecord } from './record.ts';
import {
  absentColumn,
  lineError,
  type TableColumns,
  type TableOptions,
  tableColumns,
  toRecord,
} from './table-columns.ts';
import { type CellError, type DecimalMark, parseValuesCell } from './values-cell.ts';

/** How to read a CSV file. */
export interface CsvOptions extends TableOptions {
  /** Separates cells; by default a tab in a .tsv file, a comma in others. */
  readonly delimiter?: string | undefined;
  /** In values; a point by default. */
  readonly decimal?: DecimalMark;
}

export const csvImporter = defineImporter({
  kind: 'csv',
  options: z.object({
    ...tableColumns,
    /** Between cells; `\t` is a tab. */
    delimiter: z
      .string()
      .regex(/^[^"\r\n]+$/)
      .optional(),
    /** What stands before the fraction of a value. */
    decimal: z.enum(['.', ',']).default('.'),
  }),
  accepts: (path) => /\.(csv|tsv|txt)$/i.test(contentName(path)),
  records: (path, { delimiter, decimal, ...columns }) =>
    importCsv({ path, columns, delimiter, decimal }),
});

type Cells = Readonly<Record<string, string>>;

/**
 * Yields the rows of the file. Line numbers in errors and ids count from 1 and include the header. For a row
 * that spans lines they name the last line.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for an absent column or an unreadable line
 */
export async function* importCsv(options: CsvOptions): AsyncGenerator<RawRecord> {
  const { path, columns } = options;
  // The parser is destroyed with the error of the file, and the file closed with the parser.
  const parser = pipeline(Readable.from(readText(path)), parserOf(options), () => {});
  try {
    for await (const row of parser) {
      const { record, info } = row as { record: Cells; info: { lines: number } };
      yield toRecord(
        path,
        info.lines,
        textOf(record, columns),
        defaultId(path, info.lines),
        valuesOf(options, record, info.lines),
      );
    }
  } catch (error) {
    if (error instanceof CsvError)
      throw lineError(path, lineOf(error), reasonOf(error), { cause: error });
    throw readFailure(error, path, 'file');
  }
}

function parserOf(options: CsvOptions) {
  const { path, columns } = options;
  const delimiter = delimiterOf(options);
  return parse({
    delimiter,
    info: true,
    skip_empty_lines: true,
    columns: (header: string[]) => {
      refuseAbsentColumns(path, { header, delimiter }, columns);
      return header;
    },
  });
}

/** A tab is hard to type. */
function delimiterOf({ path, delimiter }: CsvOptions): string {
  if (delimiter === undefined) return /\.tsv$/i.test(contentName(path)) ? '\t' : ',';
  return delimiter === '\\t' ? '\t' : delimiter;
}

function refuseAbsentColumns(path: string, header: Header, columns: TableColumns): void {
  const known = header.header;
  for (const [role, name] of Object.entries(columns)) {
    if (name === undefined) continue;
    const count = known.filter((other) => other === name).length;
    if (count === 0) {
      throw absentColumn(path, { kind: 'column', name, role, known }, headerHint(header, name));
    }
    if (count > 1) throw repeatedColumn(path, name, count);
  }
}

function repeatedColumn(path: string, name: string, count: number): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": it has ${count} columns "${name}".`,
    'Give each column a name of its own.',
  );
}

function textOf(cells: Cells, columns: TableColumns) {
  const cell = (name: string | undefined) => (name === undefined ? undefined : cells[name]!.trim());
  return {
    id: cell(columns.id),
    label: cell(columns.label),
    group: cell(columns.group),
    split: cell(columns.split),
  };
}

function defaultId(path: string, line: number): string {
  return `${basename(path)}:${line}`;
}

function valuesOf(
  { path, columns, decimal }: CsvOptions,
  cells: Cells,
  line: number,
): Float64Array {
  try {
    return parseValuesCell(cells[columns.values]!, decimal);
  } catch (thrown) {
    const cause = thrown as CellError;
    const what = `column "${columns.values}": ${cause.message}`;
    throw lineError(path, line, what, { cause, advice: cause.advice });
  }
}

function lineOf(error: CsvError): number {
  return Number((error as CsvError & { lines?: number }).lines ?? 0);
}

/** The message without csv-parse's "on line N" or "at line N", which our message has already. */
function reasonOf(error: CsvError): string {
  return error.message.replace(/,? (on|at) line \d+.*$/s, '');
}
