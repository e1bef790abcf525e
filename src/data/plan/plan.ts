/** What global step n computes: a pure function of (index, subset, batch, seed), with random access. */
import type { Subset } from './subset.ts';

/** One sequence's part in a micro-batch: the window `[start, start + count)` of its values. */
export interface PlannedRow {
  /** Number of the sequence in the store. */
  readonly sequence: number;
  readonly start: number;
  readonly count: number;
}

export interface PlannedMicroBatch {
  /** Sorted by count, ascending. */
  readonly rows: readonly PlannedRow[];
  /** Largest count of the rows: every row is padded to it. */
  readonly paddedLength: number;
  readonly epoch: number;
}

export interface PlannedStep {
  readonly epoch: number;
  /** Position in the epoch. */
  readonly stepInEpoch: number;
  /** M of them, fewer in an epoch's last step. */
  readonly microBatches: readonly PlannedMicroBatch[];
}

export interface Plan {
  readonly sequences: number;
  readonly stepsPerEpoch: number;
  readonly microBatchesPerEpoch: number;
  /** Step n of the phase, from 0; n may be beyond the first epoch. */
  stepAt(n: number): PlannedStep;
}

/** Where a row's window starts, given how many timesteps of the sequence it leaves out. */
export type ChooseStart = (sequence: number, slack: number) => number;

/**
 * The micro-batch of these positions of a subset. A subset is sorted by length and number, so ascending
 * positions are rows by count, ties by sequence number.
 */
export function plannedMicroBatch(
  subset: Subset,
  ascendingPositions: Int32Array,
  epoch: number,
  chooseStart: ChooseStart,
): PlannedMicroBatch {
  const rows = Array.from(ascendingPositions, (position) => {
    const sequence = subset.sequences[position]!;
    const count = subset.effectiveLengths[position]!;
    const slack = subset.storeLengths[sequence]! - count;
    return { sequence, start: slack === 0 ? 0 : chooseStart(sequence, slack), count };
  });
  return { rows, paddedLength: rows.at(-1)!.count, epoch };
}
