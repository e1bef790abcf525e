/** What CSV and JSONL share: the meaning of the columns, and how a row becomes a record. */
import { z } from 'zod';
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import { SPLITS, type Split } from '../format/store.ts';
import type { RawRecord } from './record.ts';

/** Names of the columns (CSV) or fields (JSONL). */
export interface TableColumns {
  readonly values: string;
  /** Absent: the id consists of the file's name and the line number. */
  readonly id?: string | undefined;
  /** An empty cell, null or an absent field means: no label. */
  readonly label?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
}

/** `TableColumns` as options of an importer. */
export const tableColumns = {
  values: z.string().default('values'),
  id: z.string().optional(),
  label: z.string().optional(),
  group: z.string().optional(),
  split: z.string().optional(),
};

/** How to read a table. */
export interface TableOptions {
  readonly path: string;
  readonly columns: TableColumns;
}

/** DATA_INVALID about one line: "Cannot read FILE, line N: …". */
export function lineError(
  path: string,
  line: number,
  what: string,
  { cause, advice = 'Correct the line.' }: { cause?: unknown; advice?: string | undefined } = {},
): LockstepError {
  const message = `Cannot read "${path}", line ${line}: ${what}.`;
  return new LockstepError('DATA_INVALID', message, advice, { cause });
}

/** DATA_INVALID about a column (CSV) or field (JSONL) that a table does not have. */
export function absentColumn(
  path: string,
  { kind, name, role, known }: AbsentColumn,
  hint = '',
): LockstepError {
  return new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": it has no ${kind} "${name}" for the ${role} (${kind}s: ${listNames(known)}).`,
    hint || `Name one of its ${kind}s.${didYouMean(name, known)}`,
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

/** The text of all columns except the values. */
export interface RowText {
  readonly id: string | undefined;
  readonly label: string | undefined;
  readonly group: string | undefined;
  readonly split: string | undefined;
}

/**
 * Makes a record from one row.
 * @throws LockstepError DATA_INVALID for an unknown split or an empty id
 */
export function toRecord(
  path: string,
  line: number,
  row: RowText,
  fallbackId: string,
  values: ArrayLike<number>,
): RawRecord {
  if (row.id === '') throw lineError(path, line, 'its id is empty');
  return {
    id: row.id ?? fallbackId,
    label: row.label || undefined,
    group: row.group || undefined,
    split: splitOf(path, line, row.split),
    values,
  };
}

function splitOf(path: string, line: number, text: string | undefined): Split | undefined {
  if (text === undefined || text === '') return undefined;
  if (SPLITS.includes(text as Split)) return text as Split;
  throw lineError(path, line, `split "${text}" is none of ${SPLITS.join(', ')}`);
}
