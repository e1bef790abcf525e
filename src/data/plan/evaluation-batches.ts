/** The micro-batches of an evaluation or prediction: every sequence once, without randomness. */
import { lengthClasses, type RowLimits } from './length-class.ts';
import { microBatchLayout } from './micro-batch-layout.ts';
import type { PlannedMicroBatch } from './plan.ts';
import { plannedMicroBatch } from './plan.ts';
import type { Subset } from './subset.ts';

/** A list with random access; `at` computes each micro-batch. */
export interface MicroBatchList {
  readonly length: number;
  /** @throws RangeError outside [0, length). */
  at(position: number): PlannedMicroBatch;
  /** Share of the rows that are in micro-batches of fewer rows than this. */
  shareInFewerThan(rows: number): number;
}

/**
 * The whole subset in micro-batches within the training's budget, longest first, with sequences of similar
 * length together.
 * @param startOf where the row at a position of the subset begins; a cropped sequence gives its first timesteps when absent
 */
export function evaluationBatches(
  subset: Subset,
  limits: RowLimits,
  startOf: (position: number) => number = () => 0,
): MicroBatchList {
  const layout = microBatchLayout(lengthClasses(subset.effectiveLengths, limits));
  return {
    length: layout.microBatches,
    shareInFewerThan: (rows) => layout.placesInFewerThan(rows) / subset.sequences.length,
    at(position) {
      if (!Number.isInteger(position) || position < 0 || position >= layout.microBatches) {
        throw new RangeError(`${position} is not one of ${layout.microBatches} micro-batches.`);
      }
      const { classNumber, begin, end } = layout.placesOf(position);
      const classBegin = layout.classes[classNumber]!.begin;
      const positions = Int32Array.from(
        { length: end - begin },
        (_, row) => classBegin + begin + row,
      );
      return plannedMicroBatch(subset, positions, 0, (_, __, row) => startOf(positions[row]!));
    },
  };
}
