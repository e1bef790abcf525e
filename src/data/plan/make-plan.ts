/** The plan of a training phase: shuffled micro-batches with random access and without state. */
import type { BatchConfig } from '../../config/phase-section.ts';
import type { Permutation } from '../../core/permutation.ts';
import { permutation } from '../../core/permutation.ts';
import { randomStream } from '../../core/random.ts';
import { lengthClasses, undividedClass } from './length-class.ts';
import { microBatchLayout } from './micro-batch-layout.ts';
import type { Plan, PlannedMicroBatch } from './plan.ts';
import { plannedMicroBatch } from './plan.ts';
import { type EpochSlots, naturalSlots } from './sampling.ts';
import type { Subset } from './subset.ts';

/** What a plan follows from. */
export interface PlanRequest {
  readonly subset: Subset;
  readonly batch: BatchConfig;
  /** Seed of the run. */
  readonly seed: number;
  /** Number of the phase in the run, below 2¹⁹; it keys the draws, so phases share none. */
  readonly phase: number;
  /** The rows of an epoch. @default each sequence of the subset once */
  readonly slots?: EpochSlots | undefined;
}

/** Keys of each phase, more than there are length classes, without and with a ratio of its own. */
const CLASS_KEYS = 256;
const CLASS_KEYS_OF_RATIO = 8192;

/**
 * The plan of a phase. In each epoch it uses every slot exactly once:
 *
 *   1. A permutation within each length class decides which slots share a micro-batch. With
 *      `grouping: random` all slots form one class.
 *   2. Another permutation orders the micro-batches.
 *   3. Each step takes the next M micro-batches; the epoch's last step takes the rest.
 *
 * The plan stores only the classes, so every step costs the same to compute.
 */
export function makePlan(request: PlanRequest): Plan {
  const { subset, batch, seed, phase, slots = naturalSlots(subset) } = request;
  const classesOf = batch.grouping === 'length' ? lengthClasses : undividedClass;
  const layout = microBatchLayout(classesOf(slots.longest, batch));
  const classKeys = batch.lengthRatio === undefined ? CLASS_KEYS : CLASS_KEYS_OF_RATIO;
  const stepsPerEpoch = Math.ceil(layout.microBatches / batch.microBatches);

  const shuffleOf = (epoch: number, classNumber: number): Permutation => {
    const { begin, end } = layout.classes[classNumber]!;
    return permutation(end - begin, seed, 'sequence-order', epoch, phase * classKeys + classNumber);
  };
  const microBatchOf = (epoch: number, number: number): PlannedMicroBatch => {
    const { classNumber, begin, end } = layout.placesOf(number);
    const shuffle = shuffleOf(epoch, classNumber);
    const classBegin = layout.classes[classNumber]!.begin;
    const rows = Array.from({ length: end - begin }, (_, row) => {
      const slot = classBegin + shuffle.at(begin + row);
      return { slot, position: slots.at(epoch, slot) };
    }).sort((a, b) => a.position - b.position || a.slot - b.slot);
    const positions = Int32Array.from(rows, ({ position }) => position);
    const crop = randomStream(seed, slots.hasCopies ? 'copy-crop' : 'crop', epoch, phase);
    return plannedMicroBatch(subset, positions, epoch, (sequence, slack, row) =>
      crop.integer(slots.hasCopies ? rows[row]!.slot : sequence, slack + 1),
    );
  };
  return {
    stepsPerEpoch,
    microBatchesPerEpoch: layout.microBatches,
    shareInFewerThan: (rows) => layout.placesInFewerThan(rows) / slots.longest.length,
    stepAt(n) {
      if (!Number.isSafeInteger(n) || n < 0)
        throw new RangeError(`There is no step ${n} in a plan.`);
      const epoch = Math.floor(n / stepsPerEpoch);
      const stepInEpoch = n % stepsPerEpoch;
      const order = permutation(layout.microBatches, seed, 'micro-batch-order', epoch, phase);
      const begin = stepInEpoch * batch.microBatches;
      const count = Math.min(batch.microBatches, layout.microBatches - begin);
      const microBatches = Array.from({ length: count }, (_, position) =>
        microBatchOf(epoch, order.at(begin + position)),
      );
      return { epoch, stepInEpoch, microBatches };
    },
  };
}
