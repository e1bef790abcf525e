/** What CSV and JSONL share: which columns mean what, and how one row becomes a record. */
import { LockstepError } from '../../core/errors.ts';
import { SPLITS, type Split } from '../format/store.ts';
import type { RawRecord } from './record.ts';

/** Names of the columns (CSV) or fields (JSONL). */
export interface TableColumns {
  readonly values: string;
  /** Absent: the file's name and the line number make the id. */
  readonly id?: string | undefined;
  /** An empty cell, null or an absent field: unlabelled. */
  readonly label?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
}

export interface TableOptions {
  readonly path: string;
  readonly columns: TableColumns;
}

/** An error about one line: "Cannot read FILE, line N: …". */
export function lineError(
  path: string,
  line: number,
  what: string,
  cause?: unknown,
): LockstepError {
  const message = `Cannot read "${path}", line ${line}: ${what}.`;
  return new LockstepError('DATA_INVALID', message, 'Correct the line.', { cause });
}

/** Text of the columns other than the values → the record's fields. */
export interface RowText {
  readonly id: string | undefined;
  readonly label: string | undefined;
  readonly group: string | undefined;
  readonly split: string | undefined;
}

/** @throws LockstepError DATA_INVALID for an unknown split or an empty id. */
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

/**
 * Numbers in one cell: a JSON array, or separated by spaces, commas or semicolons. Text for NaN and the
 * infinities is understood (so that the report can name the sequence).
 * @throws Error whose message names what is no number.
 */
export function parseValuesCell(cell: string): Float64Array {
  const list = cell.trim().replace(/^\[|\]$/g, '');
  const parts = list.split(/[\s;,]+/).filter((part) => part !== '');
  return Float64Array.from(parts, parseNumber);
}

const NON_FINITE: Readonly<Record<string, number>> = {
  nan: Number.NaN,
  na: Number.NaN,
  null: Number.NaN,
  inf: Number.POSITIVE_INFINITY,
  infinity: Number.POSITIVE_INFINITY,
};

/** One way to match, so time linear in the text: `\d+\.?\d*` has as many ways as there are digits. */
const NUMBER = /^[+-]?(\d+(\.\d*)?|\.\d+)(e[+-]?\d+)?$/i;

function parseNumber(text: string): number {
  if (NUMBER.test(text)) return Number(text);
  const named = NON_FINITE[text.toLowerCase().replace(/^[+-]/, '')];
  if (named === undefined) throw new Error(`"${text.slice(0, 100)}" is not a number`);
  return text.startsWith('-') ? -named : named;
}
