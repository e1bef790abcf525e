import { z } from 'zod';

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
});

/** Which sequences a phase sees, and how much of each. */
export const subsetSection = z.strictObject({
  split: z.enum(['train', 'validation', 'test']).default('train'),
  /** Number of labelled sequences of each class; the run's seed and `draw` draw them. All when absent. */
  labelsPerClass: z.int().min(1).optional(),
  /** Number of the label draw. */
  draw: z.int().min(0).default(0),
  /** A window of at most this many timesteps of each sequence, at a new random place each epoch. */
  crop: z.int().min(1).optional(),
  /** The first N sequences of the subset, in an order that follows from the seed; all when absent. */
  maxSequences: z.int().min(1).optional(),
});

/** The subset for evaluations: by default the validation split. */
const evaluationSubset = subsetSection.extend({
  split: subsetSection.shape.split.unwrap().default('validation'),
});

const supervised = z.strictObject({
  kind: z.literal('supervised'),
  /** `balanced` weighs a class by total / (classes · count), as scikit-learn does. */
  classWeights: z
    .union([z.enum(['none', 'balanced']), z.array(z.number().positive()).min(2)])
    .default('none'),
});

const masked = z.strictObject({
  kind: z.literal('masked'),
  /** Expected share of masked timesteps. */
  fraction: z.number().gt(0).lt(1).default(0.15),
  /** Length of a masked span, in timesteps. */
  span: z.int().min(1).max(1024).default(5),
  /** Predict the masked symbol (integer values only) or its value. */
  target: z.enum(['classification', 'regression']).default('classification'),
});

const nextStep = z.strictObject({
  kind: z.literal('next-step'),
  /** Predict the next symbol (integer values only) or its value; the model must be causal. */
  target: z.enum(['classification', 'regression']).default('classification'),
});

const contrastive = z.strictObject({
  kind: z.literal('contrastive'),
  /** Divides the similarities, which lie between −1 and 1. */
  temperature: z.number().positive().default(0.1),
  /** Size of the vectors that the objective compares. */
  dimensions: z.int().min(2).max(4096).default(64),
});

export const objectiveSection = z.discriminatedUnion('kind', [
  supervised,
  masked,
  nextStep,
  contrastive,
]);
/** The objectives that need no labels. */
export const pretextSection = z.discriminatedUnion('kind', [masked, nextStep, contrastive]);

const fraction = z.number().min(0).lt(1);

export const optimizerSection = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('adamw'),
    beta1: fraction.default(0.9),
    beta2: fraction.default(0.999),
    epsilon: z.number().positive().default(1e-8),
    /** Decoupled; applied to weights of two or more dimensions. */
    weightDecay: z.number().min(0).default(0.01),
    /** Scales the gradients down to this global norm; no clipping when absent. */
    clipNorm: z.number().positive().optional(),
  }),
  z.strictObject({
    kind: z.literal('sgd'),
    momentum: fraction.default(0.9),
    weightDecay: z.number().min(0).default(0),
    clipNorm: z.number().positive().optional(),
  }),
]);

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

export const phaseSection = z.strictObject({
  name: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9._-]*$/, 'letters, digits, ".", "_" and "-" only'),
  /** Weights to start from: random ones, the end of the phase before, or of any earlier phase. */
  start: z.union([z.enum(['fresh', 'previous']), z.strictObject({ phase: z.string() })]),
  objective: objectiveSection,
  data: subsetSection.prefault({}),
  /** Replaces the run's `batch` for this phase. */
  batch: batchSection.optional(),
  optimizer: optimizerSection,
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

export type BatchConfig = z.output<typeof batchSection>;
export type SubsetConfig = z.output<typeof subsetSection>;
export type ObjectiveConfig = z.output<typeof objectiveSection>;
export type PretextConfig = z.output<typeof pretextSection>;
export type OptimizerConfig = z.output<typeof optimizerSection>;
export type LearningRateConfig = z.output<typeof learningRateSection>;
export type PhaseConfig = z.output<typeof phaseSection>;
