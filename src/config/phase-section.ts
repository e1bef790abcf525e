import { z } from 'zod';
import { type Alternative, choiceSection, type Registered } from './registered.ts';

/** How sequences form micro-batches, and micro-batches form global steps. */
export const batchSection = z.strictObject({
  /** M, the micro-batches of a global step. It does not depend on the number of workers. */
  microBatches: z.int().min(1).max(65536),
  /** Upper bound of rows × padded length of a micro-batch. A longer sequence forms a micro-batch alone. */
  tokensPerMicroBatch: z.int().min(1),
  /** Upper bound of the rows of a micro-batch. */
  maxRows: z.int().min(1).default(64),
  /** Which sequences share a micro-batch: those of similar length, or any. */
  grouping: z.enum(['length', 'random']).default('length'),
  /**
   * Longest divided by shortest of the sequences that may share a micro-batch: 1.125 when absent. Nearer to 1 there is
   * less padding, and a sequence meets fewer others.
   */
  lengthRatio: z.number().min(1.005).max(2).optional(),
});

/** Which sequences a phase sees, and how much of each. */
export const subsetSection = z.strictObject({
  split: z.enum(['train', 'validation', 'test']).default('train'),
  /** Number of labelled sequences of each class; the run's seed and `draw` draw them. All when absent. */
  labelsPerClass: z.int().min(1).optional(),
  /** Number of sequences with a label, whatever their class; the run's seed and `draw` draw them. All when absent. */
  labelledSequences: z.int().min(1).optional(),
  /** Number of the label draw. */
  draw: z.int().min(0).default(0),
  /** A window of at most this many timesteps of each sequence, at a new random place each epoch. */
  crop: z.int().min(1).optional(),
  /** The first N sequences of the subset, in an order that follows from the seed; all when absent. */
  maxSequences: z.int().min(1).optional(),
});

/** The subset that a phase trains on. */
const trainingSubset = subsetSection.extend({
  /** How often each class appears in an epoch: as it does in the data, each equally often, or as its count's root. */
  sampling: z.enum(['natural', 'balanced', 'sqrt']).default('natural'),
});

/** The subset for evaluations: by default the validation split. */
const evaluationSubset = subsetSection.extend({
  split: subsetSection.shape.split.unwrap().default('validation'),
});

/** What a phase learns. */
export interface ObjectiveConfig {
  readonly kind: string;
  /** The kind's own. */
  readonly [option: string]: unknown;
}

export function objectiveSection(
  objectives: readonly Alternative[],
): z.ZodType<ObjectiveConfig, ObjectiveConfig> {
  return choiceSection('kind', objectives) as z.ZodType<ObjectiveConfig, ObjectiveConfig>;
}

export interface OptimizerConfig {
  readonly kind: string;
  /** The kind's own. */
  readonly [option: string]: unknown;
}

function optimizerSection(
  optimizers: readonly Alternative[],
): z.ZodType<OptimizerConfig, OptimizerConfig> {
  return choiceSection('kind', optimizers) as z.ZodType<OptimizerConfig, OptimizerConfig>;
}

export const learningRateSection = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('constant'), value: z.number().positive() }),
  z.strictObject({
    kind: z.literal('warmup-cosine'),
    /** The rate at the end of the warm-up. */
    peak: z.number().positive(),
    /** Linear warm-up over this many steps of the phase. */
    warmupSteps: z.int().min(0).default(0),
    /** Share of the peak left at the last step. */
    finalFraction: z.number().min(0).max(1).default(0),
  }),
]);

export function phaseSection({ objectives, optimizers }: Registered) {
  return z.strictObject({
    name: z
      .string()
      .regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ".", "_" and "-" only'),
    /**
     * Weights to start from: random ones (`fresh` is `{ fresh: 0 }`, another number draws others), the end of the
     * phase before, or of any earlier phase.
     */
    start: z.union([
      z.enum(['fresh', 'previous']),
      z.strictObject({ phase: z.string() }),
      z.strictObject({ fresh: z.int().min(0).max(0xffffffff) }),
    ]),
    objective: objectiveSection(objectives),
    data: trainingSubset.prefault({}),
    /** Replaces the run's `batch` for this phase. */
    batch: batchSection.optional(),
    optimizer: optimizerSection(optimizers),
    learningRate: learningRateSection,
    /** How long the phase lasts: exactly one of the two. */
    duration: z.union([
      z.strictObject({ steps: z.int().min(1) }),
      z.strictObject({ epochs: z.int().min(1) }),
    ]),
    /** Momentum of BatchNorm's running statistics (PyTorch's convention). */
    statisticsMomentum: z.number().gt(0).max(1).default(0.1),
    evaluation: z
      .strictObject({
        data: evaluationSubset.prefault({}),
        /** Evaluates every N steps of the phase, and at its end. */
        everySteps: z.int().min(1),
        /** `best`: the phase ends with the weights of its best evaluation; `last`: with the last weights. */
        keep: z.enum(['best', 'last']).default('last'),
      })
      .optional(),
  });
}

export type BatchConfig = z.output<typeof batchSection>;
export type SubsetConfig = z.output<typeof subsetSection>;
export type LearningRateConfig = z.output<typeof learningRateSection>;
export type PhaseConfig = z.output<ReturnType<typeof phaseSection>>;
