/** Imports columnar files: a sequence a row, its values in a list or in a column for each timestep; or a row a timestep. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import type { ImportItem } from '../../data/record.ts';
import type { ColumnUse } from '../../source/preview.ts';
import { optionName } from '../../source/rules/refuse-useless.ts';
import type { ChoiceProblem } from '../../source/table/column-choice.ts';
import { namedColumns } from '../../source/table/column-options.ts';
import * as table from '../../source/table/found-columns.ts';
import type { ColumnarFile } from './cell.ts';
import { ColumnarCells } from './columnar-cells.ts';
import { columnarReader } from './columnar-reader.ts';

/** Options of the importers of columnar files. */
export const columnarOptions = {
  ...namedColumns,
  /** What inner lists hold: a channel each (first), or a timestep each (last); or the channels in a plain list. */
  channels: z.union([z.enum(['first', 'last']), z.int().min(1)]).optional(),
  /** Columns that `all-others` leaves out if there are any. */
  ignored: z.array(z.string()).default([]),
};

export type ColumnarOptions = z.output<z.ZodObject<typeof columnarOptions>>;

/** The row numbers of pandas, which are no values. */
const INDEX = /^__index_level_\d+__$/;

/**
 * Yields the sequences.
 * @throws LockstepError DATA_INVALID for an absent column and for a cell of another kind than its role needs
 */
export async function* columnarRecords(
  file: ColumnarFile,
  options: ColumnarOptions,
): AsyncGenerator<ImportItem> {
  const found = foundColumns(file, options);
  const cells = new ColumnarCells(file, found);
  const reader = columnarReader(cells, options);
  try {
    let row = 0;
    for await (const read of file.rows(cells.names)) {
      const item = reader.read({ row: row++, cells: read });
      if (item !== undefined) yield item;
      if (reader.isFull) await reader.flush();
    }
    yield* reader.rest();
  } finally {
    await reader.close();
  }
}

/** The columns, and what the options make of them. */
export const columnUses = (file: ColumnarFile, options: ColumnarOptions): ColumnUse[] =>
  table.columnUses(foundColumns(file, options));

function foundColumns(file: ColumnarFile, options: ColumnarOptions): table.FoundColumns {
  const names = file.columns.map(({ name }) => name);
  const { channels: _, ...columns } = options;
  const ignored = [...options.ignored, ...names.filter((name) => INDEX.test(name))];
  return table.findColumns(file.path, names, { ...columns, ignored }, (wanted, problem) =>
    refusal(file.path, names, wanted, problem),
  );
}

function refusal(
  path: string,
  known: readonly string[],
  { role, name }: table.WantedColumns,
  { absent = name, problem, advice = '' }: ChoiceProblem,
): LockstepError {
  if (problem !== undefined)
    return new LockstepError('DATA_INVALID', `Cannot import "${path}": ${problem}.`, advice);
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": it has no column "${absent}" for the ${table.roleWord(role)} (columns: ${listNames(known)}).`,
    `Name one of its columns with ${optionName(role)}.${didYouMean(absent, known)}`,
  );
}
