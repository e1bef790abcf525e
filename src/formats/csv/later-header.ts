/** Titles above the header of a table: a column that the first line lacks stands in a later one. */
import { LockstepError } from '../../core/errors.ts';
import { csvRows, type Separator } from './csv-rows.ts';

/** Lines that are looked at. */
const LINES = 20;

/** A column that the header does not have. */
export class AbsentCsvColumn extends LockstepError {
  readonly column: string;

  constructor(column: string, { code, message, advice, cause }: LockstepError) {
    super(code, message, advice, { cause });
    this.column = column;
  }
}

/** The error; where a later line names the column, with the advice to remove those above it. */
export async function withLaterHeader(
  error: unknown,
  path: string,
  open: () => Promise<{ text: AsyncIterable<Buffer>; separator: Separator }>,
): Promise<unknown> {
  if (!(error instanceof AbsentCsvColumn)) return error;
  const line = await lineOf(error.column, path, open).catch(() => undefined);
  if (line === undefined) return error;
  const above = line === 2 ? 'line 1' : `lines 1 to ${line - 1}`;
  return new LockstepError(
    error.code,
    error.message,
    `Line ${line} names it: if that is the header, remove ${above}.`,
  );
}

async function lineOf(
  column: string,
  path: string,
  open: () => Promise<{ text: AsyncIterable<Buffer>; separator: Separator }>,
): Promise<number | undefined> {
  const { text, separator } = await open();
  for await (const rows of csvRows(path, text, separator)) {
    for (const row of rows) {
      if (row.line > LINES) return undefined;
      const cells = Array.from({ length: row.size }, (_, cell) => row.text(cell).trim());
      if (cells.length > 1 && cells.includes(column)) return row.line;
    }
  }
  return undefined;
}
