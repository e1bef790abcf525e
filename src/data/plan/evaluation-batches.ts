/** The micro-batches of an evaluation or prediction: every sequence once, nothing random. */
import { lengthClasses, type RowLimits } from './length-class.ts';
import { microBatchLayout } from './micro-batch-layout.ts';
import type { PlannedMicroBatch } from './plan.ts';
import { plannedMicroBatch } from './plan.ts';
import type { Subset } from './subset.ts';

/** A list with random access: micro-batches are made when they are asked for. */
export interface MicroBatchList {
  readonly length: number;
  /** @throws RangeError outside [0, length). */
  at(position: number): PlannedMicroBatch;
}

/**
 * The subset once over in micro-batches of the same budget as in training, longest first, neighbours in
 * length together; a cropped sequence gives its first timesteps.
 */
export function evaluationBatches(subset: Subset, limits: RowLimits): MicroBatchList {
  const layout = microBatchLayout(lengthClasses(subset.effectiveLengths, limits));
  return {
    length: layout.microBatches,
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
      return plannedMicroBatch(subset, positions, 0, () => 0);
    },
  };
}
