import type { PlannedMicroBatch } from './plan.ts';
import type { View } from './view.ts';

/** Where a row's window starts, given how many steps of the sequence it leaves out. */
export type ChooseStart = (sequence: number, slack: number) => number;

/**
 * The micro-batch of these positions of a view. A view is sorted by length and number, so ascending
 * positions are rows by count, ties by sequence number.
 */
export function plannedMicroBatch(
  view: View,
  ascendingPositions: Int32Array,
  epoch: number,
  chooseStart: ChooseStart,
): PlannedMicroBatch {
  const rows = Array.from(ascendingPositions, (position) => {
    const sequence = view.sequences[position]!;
    const count = view.effectiveLengths[position]!;
    const slack = view.storeLengths[sequence]! - count;
    return { sequence, start: slack === 0 ? 0 : chooseStart(sequence, slack), count };
  });
  return { rows, paddedLength: rows.at(-1)!.count, epoch };
}
