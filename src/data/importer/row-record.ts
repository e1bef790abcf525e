/** From a row of a binary table to a record. */
import { basename } from 'node:path';
import type { LockstepError } from '../../core/errors.ts';
import { SPLITS, type Split } from '../format/store.ts';
import type { RawRecord } from './record.ts';
import { sourceError } from './source-error.ts';

/** What a row has beside its values; absent and empty mean none. */
export interface RowFields {
  readonly id?: string | undefined;
  readonly label?: string | undefined;
  readonly group?: string | undefined;
  readonly split?: string | undefined;
  readonly labels?: readonly string[] | undefined;
  readonly targets?: readonly number[] | undefined;
  readonly timestepLabels?: readonly string[] | undefined;
}

/**
 * @param row its number, from 0
 * @throws LockstepError DATA_INVALID for an unknown split or an empty id
 */
export function recordOfRow(
  path: string,
  row: number,
  { id, label, group, split, labels, targets, timestepLabels }: RowFields,
  { values, channels }: Pick<RawRecord, 'values' | 'channels'>,
): RawRecord {
  if (id === '') throw rowError(path, row, 'its id is empty');
  return {
    id: id ?? `${basename(path)}:${row}`,
    label: label || undefined,
    group: group || undefined,
    split: splitOf(path, row, split),
    values,
    ...(channels !== undefined && channels !== 1 && { channels }),
    ...(labels !== undefined && { labels }),
    ...(targets !== undefined && { targets }),
    ...(timestepLabels !== undefined && { timestepLabels }),
  };
}

/** DATA_INVALID about one row: "Cannot read FILE: in row N …". */
export function rowError(path: string, row: number, what: string): LockstepError {
  return sourceError(path, `row ${row} (the first is 0): ${what}`);
}

function splitOf(path: string, row: number, text: string | undefined): Split | undefined {
  if (text === undefined || text === '') return undefined;
  if (SPLITS.includes(text as Split)) return text as Split;
  throw rowError(path, row, `split "${text}" is none of ${SPLITS.join(', ')}`);
}

/** The values of one sequence, timestep by timestep, from one channel after the other. */
export function timestepByTimestep(values: ArrayLike<number>, channels: number): ArrayLike<number> {
  if (channels === 1) return values;
  const length = values.length / channels;
  const result = new Float64Array(values.length);
  for (let channel = 0; channel < channels; channel++) {
    for (let t = 0; t < length; t++) result[t * channels + channel] = values[channel * length + t]!;
  }
  return result;
}
