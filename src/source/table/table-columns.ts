/** What CSV and JSON share: the meaning of the columns, and how a row becomes a record. */
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import type { ImportItem } from '../../data/record.ts';
import { itemOf, type RowFault, type RowFields, type RowValues } from './row-record.ts';
import { isIdName } from './target-name.ts';

/** Names of the columns (CSV) or fields (JSON). */
export interface TableColumns {
  /** The values: one column, several with commas between (channels), or a range (`t0..t95`, `all-others`). */
  readonly values: string;
  /** Absent: the id consists of the file's name and the line number. */
  readonly id?: string | undefined;
  /** An empty cell, null or an absent field means: no label. */
  readonly label?: string | undefined;
  /** One column with a list of class names, or one column of 1 and 0 for each class. */
  readonly labels?: string | undefined;
  /** One or more columns of numbers. */
  readonly target?: string | undefined;
  /** One column with a list of class names, or one column for each timestep. */
  readonly timestepLabels?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
  /** Orders the rows of one id: each row is one timestep. */
  readonly time?: string | undefined;
  /** Values of one timestep, where one column or range holds those of all channels. */
  readonly channels?: number | undefined;
  /** Columns that `all-others` leaves out if there are any. */
  readonly ignored?: readonly string[] | undefined;
}

const ENTITY = /^(series|subject|unit|patient|sensor|device)/i;

/** A column that looks like the ids of sequences. */
export function idColumnIn(names: readonly string[]): string | undefined {
  return names.find((name) => isIdName(name) || ENTITY.test(name));
}

/**
 * Without an id, all rows are timesteps of one sequence.
 * @throws LockstepError USAGE where a column that no option names looks like ids
 */
export function refuseForgottenId(
  path: string,
  columns: TableColumns,
  names: readonly string[],
): void {
  if (columns.time === undefined || columns.id !== undefined) return;
  const used = Object.values(columns).flat();
  const forgotten = idColumnIn(names.filter((name) => !used.includes(name)));
  if (forgotten === undefined) return;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${path}" as one sequence: its column "${forgotten}" looks like the ids of several.`,
    `Say --id ${forgotten}: the rows of one id are the timesteps of one sequence. If they are all of one, give that column another name.`,
  );
}

/** How to read a table. */
export interface TableOptions {
  readonly path: string;
  readonly columns: TableColumns;
}

interface LineErrorOptions {
  readonly cause?: unknown;
  readonly advice?: string | undefined;
  /** Rows of binary files count from 0. */
  readonly unit?: 'line' | 'row';
}

/** DATA_INVALID about one line: "Cannot read FILE, line N: …". */
export function lineError(
  path: string,
  line: number,
  what: string,
  { cause, unit = 'line', advice = `Correct the ${unit}.` }: LineErrorOptions = {},
): LockstepError {
  const message = `Cannot read "${path}", ${unit} ${line}: ${what}.`;
  return new LockstepError('DATA_INVALID', message, advice, { cause });
}

/** DATA_INVALID about a column (CSV) or field (JSON) that a table does not have. */
export function absentColumn(
  path: string,
  { kind, name, role, known }: AbsentColumn,
  hint = '',
): LockstepError {
  const isInPath = path.includes(`${name}=`);
  const ofPath = `Its folder says ${name}=…: import the folder above that one, without --${role}.`;
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": it has no ${kind} "${name}" for the ${role} (${kind}s: ${listNames(known)}).`,
    isInPath ? ofPath : hint || `Name one of its ${kind}s.${didYouMean(name, known)}`,
  );
}

interface AbsentColumn {
  readonly kind: 'column' | 'field';
  readonly name: string;
  /** What the column is wanted for. */
  readonly role: string;
  /** Those that there are. */
  readonly known: readonly string[];
}

/** `itemOf` a line of a text. */
export function itemOfLine(
  path: string,
  line: number,
  fields: RowFields,
  fallbackId: string,
  values: RowValues,
): ImportItem {
  const error: RowFault = (what, advice) => lineError(path, line, what, { advice });
  return itemOf({ fallbackId, error }, fields, values);
}
