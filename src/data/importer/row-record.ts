/** From a row of a binary table to a record. */
import { basename } from 'node:path';
import type { LockstepError } from '../../core/errors.ts';
import { SPLITS, type Split } from '../format/store.ts';
import type { ImportItem, RawRecord } from './record.ts';
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
 * Makes a record from one row; skips one whose target or labels do not fit its values.
 * @param row its number, from 0
 * @throws LockstepError DATA_INVALID for an unknown split or an empty id
 */
export function itemOfRow(
  path: string,
  row: number,
  fields: RowFields,
  { values, channels = 1 }: Pick<RawRecord, 'values' | 'channels'>,
): ImportItem {
  const { label, group, labels, targets, timestepLabels } = fields;
  if (fields.id === '') throw rowError(path, row, 'its id is empty');
  const id = fields.id ?? `${basename(path)}:${row}`;
  const split = splitOf(path, row, fields.split);
  if (targets?.some((target) => !Number.isFinite(target))) return { id, skipped: 'partial-target' };
  if (timestepLabels && timestepLabels.length * channels !== values.length) {
    return { id, skipped: 'uneven-labels' };
  }
  return {
    ...{ id, label: label || undefined, group: group || undefined, split, values },
    ...(channels > 1 && { channels }),
    ...(labels && { labels }),
    ...(targets && { targets }),
    ...(timestepLabels && { timestepLabels }),
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
