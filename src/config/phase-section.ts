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

/** How well simple rules name classes by a network's features, while it learns something else. */
const probeSection = z.strictObject({
  /** By which rule: a vote of the nearest labelled sequences, or a ridge regression on them. */
  kind: z.enum(['nearest', 'linear']).default('nearest'),
  /** `nearest`: how many of them vote. */
  neighbours: z.int().min(1).default(5),
  /** The sequences whose labels the rule knows. */
  data: subsetSection.prefault({}),
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

const groupSection = z.strictObject({
  /** How the names of its parameters begin, such as `decoder` or `model.0.`. */
  parameters: z.array(z.string().min(1)).min(1),
  /** What their learning rate is multiplied by; with 0 they stay as they are. */
  rate: z.number().min(0),
});

const commonOptimizer = {
  /** Parameters with a learning rate of their own: each belongs to the first group that has it. */
  groups: z.array(groupSection).min(1).optional(),
};

export type ParameterGroup = Readonly<z.output<typeof groupSection>>;

export interface OptimizerConfig {
  readonly kind: string;
  readonly groups?: readonly ParameterGroup[] | undefined;
  /** The kind's own. */
  readonly [option: string]: unknown;
}

function optimizerSection(
  optimizers: readonly Alternative[],
): z.ZodType<OptimizerConfig, OptimizerConfig> {
  const section = choiceSection('kind', optimizers, commonOptimizer);
  return section as z.ZodType<OptimizerConfig, OptimizerConfig>;
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
        /** Of an objective without labels: names classes by the network's features; `keep: best` then goes by that. */
        probe: probeSection.optional(),
        /** What `keep` and `stop` go by: the objective's own metric, such as the accuracy, or its loss. @default objective */
        by: z.enum(['objective', 'loss']).optional(),
        /** Ends the phase before its duration is over. */
        stop: z
          .strictObject({
            /** After so many evaluations in a row that were no better than the best. */
            patience: z.int().min(1),
            /** Not before so many steps of the phase. */
            minimumSteps: z.int().min(0).default(0),
            /** By how much an evaluation must be better to count. */
            improvement: z.number().min(0).default(0),
          })
          .optional(),
      })
      .optional(),
    /** The mean of the weights over the last steps: evaluations see it, and the phase ends with it. */
    weightAverage: z
      .strictObject({
        /** Share that is kept at each step: 0.99 looks back on about 100 steps. In the first steps it is less. */
        decay: z.number().gt(0).lt(1),
      })
      .optional(),
  });
}

export type BatchConfig = z.output<typeof batchSection>;
export type SubsetConfig = z.output<typeof subsetSection>;
export type ProbeConfig = z.output<typeof probeSection>;
export type LearningRateConfig = z.output<typeof learningRateSection>;
export type StopConfig = NonNullable<NonNullable<PhaseConfig['evaluation']>['stop']>;
export type PhaseConfig = z.output<ReturnType<typeof phaseSection>>;
