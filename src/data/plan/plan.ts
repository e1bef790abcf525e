/** What global step n computes: a pure function of (index, subset, batch, seed), with random access. */
import type { Subset } from './subset.ts';

/** One row of a micro-batch: the window `[start, start + count)` of a sequence's values. */
export interface PlannedRow {
  /** Number of the sequence in the store. */
  readonly sequence: number;
  readonly start: number;
  readonly count: number;
}

/** Rows that one worker computes in one piece. */
export interface PlannedMicroBatch {
  /** By count, ascending. */
  readonly rows: readonly PlannedRow[];
  /** Largest count of the rows; collate pads every row to it. */
  readonly paddedLength: number;
  readonly epoch: number;
}

/** One global step of a phase. */
export interface PlannedStep {
  readonly epoch: number;
  /** Number of the step within its epoch. */
  readonly stepInEpoch: number;
  /** M micro-batches, fewer in an epoch's last step. */
  readonly microBatches: readonly PlannedMicroBatch[];
}

/** All steps of a phase, with random access. */
export interface Plan {
  readonly stepsPerEpoch: number;
  readonly microBatchesPerEpoch: number;
  /** Share of an epoch's rows that are in micro-batches of fewer rows than this. */
  shareInFewerThan(rows: number): number;
  /** Step n of the phase, from 0; n may be beyond the first epoch. */
  stepAt(n: number): PlannedStep;
}

/**
 * Chooses where a row's window starts; `slack` is the number of timesteps that the window leaves out, `row` the row's
 * number in its micro-batch.
 */
export type ChooseStart = (sequence: number, slack: number, row: number) => number;

/**
 * The micro-batch of these positions of a subset. A subset is sorted by length and number, so ascending
 * positions give rows by ascending count, ties by sequence number.
 */
export function plannedMicroBatch(
  subset: Subset,
  ascendingPositions: Int32Array,
  epoch: number,
  chooseStart: ChooseStart,
): PlannedMicroBatch {
  const rows = Array.from(ascendingPositions, (position, row) => {
    const sequence = subset.sequences[position]!;
    const count = subset.effectiveLengths.at(position)!;
    const slack = subset.storeLengths[sequence]! - count;
    return { sequence, start: slack === 0 ? 0 : chooseStart(sequence, slack, row), count };
  });
  return { rows, paddedLength: rows.at(-1)!.count, epoch };
}
