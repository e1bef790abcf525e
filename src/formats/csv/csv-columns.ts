/** Finds the columns of a CSV file that the options name. */
import { LockstepError } from '../../core/errors.ts';
import type { ChoiceProblem, ColumnPart } from '../../source/table/column-choice.ts';
import {
  type FoundColumns,
  findColumns,
  roleWord,
  type WantedColumns,
} from '../../source/table/found-columns.ts';
import { absentColumn, type TableColumns } from '../../source/table/table-columns.ts';
import { type Header, headerHint, looksLikeData } from './csv-header.ts';
import { AbsentCsvColumn } from './later-header.ts';

/** A first line, and whether it is data: then its columns are called 1, 2, 3, … */
export interface FirstLine extends Header {
  readonly isData: boolean;
}

/** @throws LockstepError USAGE for a time without the id that there is; DATA_INVALID for a column that is absent or ambiguous */
export function findCsvColumns(path: string, line: FirstLine, columns: TableColumns): FoundColumns {
  const names = line.isData ? line.header.map((_, i) => String(i + 1)) : line.header;
  const header = { ...line, header: names };
  const found = findColumns(path, names, columns, (wanted, problem) =>
    refusal(path, header, wanted, problem),
  );
  if (!line.isData) refuseData(path, line, found.values);
  return found;
}

/** A range would lose its first row without a word. */
function refuseData(path: string, header: Header, values: readonly ColumnPart[]): void {
  for (const { columns, isRange } of values) {
    if (!isRange || !looksLikeData(columns.map((column) => header.header[column]!))) continue;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${path}": its first line looks like data, not like a header.`,
      'Say --no-header, which names the columns 1, 2, 3, …, or give each column a name.',
    );
  }
}

function refusal(
  path: string,
  header: Header,
  { role, name }: WantedColumns,
  { absent, problem, advice = '' }: ChoiceProblem,
): LockstepError {
  if (problem !== undefined) {
    return new LockstepError('DATA_INVALID', `Cannot import "${path}": ${problem}.`, advice);
  }
  const known = header.header;
  const wanted = {
    kind: 'column',
    name: absent ?? name,
    role: roleWord(role),
    known,
  } as const;
  return new AbsentCsvColumn(
    wanted.name,
    absentColumn(path, wanted, headerHint(header, wanted.name)),
  );
}
