/** From a row of a table to a record. */
import { basename } from 'node:path';
import type { LockstepError } from '../../core/errors.ts';
import type { Split } from '../../data/format/store.ts';
import type { ImportItem, RawSkip } from '../../data/record.ts';
import { sourceError } from '../file/source-error.ts';
import { splitAdvice, splitNamed, splitProblem } from './split-name.ts';

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

/** The values of a sequence. */
export interface RowValues {
  readonly values: ArrayLike<number>;
  readonly channels?: number | undefined;
  readonly isPadded?: boolean;
}

/** What is wrong with a row, and what to do about it; by default, to correct it. */
export type RowFault = (what: string, advice?: string) => LockstepError;

/** Where a row stands. */
export interface RowPlace {
  /** For a row that has no id of its own. */
  readonly fallbackId: string;
  /** DATA_INVALID about the row. */
  readonly error: RowFault;
}

/**
 * Makes a record from one row; skips one whose target or labels do not fit its values.
 * @throws LockstepError DATA_INVALID for an unknown split or an empty id
 */
export function itemOf(
  { fallbackId, error }: RowPlace,
  fields: RowFields,
  { values, channels = 1, isPadded = false }: RowValues,
): ImportItem {
  const { label, group, labels, targets, timestepLabels } = fields;
  if (fields.id === '') throw error('its id is empty');
  const id = fields.id ?? fallbackId;
  const split = splitOf(fields.split, error);
  if (targets?.some((target) => !Number.isFinite(target))) return { id, skipped: 'partial-target' };
  if (timestepLabels && timestepLabels.length * channels !== values.length) {
    return { id, skipped: 'uneven-labels' };
  }
  return {
    ...{ id, label: label || undefined, group: group || undefined, ...split, values },
    ...(channels > 1 && { channels }),
    ...(isPadded && { isPadded }),
    ...(labels && { labels }),
    ...(targets && { targets }),
    ...(timestepLabels && { timestepLabels }),
  };
}

/** What is wrong with a row, and what to do about it. */
export interface SpoiledText {
  readonly message: string;
  readonly advice: string | undefined;
}

/** A row with text where a number should stand. */
export const spoiledItem = (
  id: string,
  { message, advice }: SpoiledText,
  label: string | undefined,
): RawSkip => ({
  ...{ id, skipped: 'not-a-number', detail: message },
  ...(advice && { advice }),
  ...(label && { label }),
});

/**
 * The split that a cell names, and the cell itself if it calls it otherwise.
 * @throws LockstepError DATA_INVALID for a name that means no split
 */
export function splitOf(
  text: string | undefined,
  error: RowFault,
): { split: Split | undefined; splitName?: string } {
  if (text === undefined || text === '') return { split: undefined };
  const split = splitNamed(text);
  if (split === undefined) throw error(splitProblem(text), splitAdvice(text));
  return split === text ? { split } : { split, splitName: text };
}

/**
 * `itemOf` a row of a binary table.
 * @param row its number, from 0
 */
export function itemOfRow(
  path: string,
  row: number,
  fields: RowFields,
  values: RowValues,
): ImportItem {
  const error: RowFault = (what, advice) => rowError(path, row, what, advice);
  return itemOf({ fallbackId: `${basename(path)}:${row}`, error }, fields, values);
}

/** DATA_INVALID about one row: "Cannot read FILE: in row N …". */
export function rowError(path: string, row: number, what: string, advice?: string): LockstepError {
  const text = `row ${row} (the first is 0): ${what}`;
  return sourceError(path, text, advice === undefined ? {} : { advice });
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
