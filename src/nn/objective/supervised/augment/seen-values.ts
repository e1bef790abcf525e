/** The values that a model sees of rows: scaled ones where they are scaled. */
import type { PaddedRows } from '../../../../data/collate.ts';

export const seenValues = ({ values, scaled }: PaddedRows): PaddedRows['values'] =>
  scaled?.values ?? values;

export function withSeenValues(rows: PaddedRows, values: PaddedRows['values']): PaddedRows {
  if (rows.scaled === undefined || values instanceof Int32Array) return { ...rows, values };
  return { ...rows, scaled: { ...rows.scaled, values } };
}
