import { z } from 'zod';

/** The dataset of a run. */
export const dataSection = z.strictObject({
  /** Folder of the dataset, relative to the folder in which the command runs. */
  store: z.string().min(1),
  /**
   * How numbers are scaled: `sequence` by each sequence's own mean and deviation, `dataset` by those of the training
   * split, `robust` by its median and quartiles, or `none`. Symbols are never scaled.
   * @default what fits data, model and objectives
   */
  scaling: z.enum(['sequence', 'dataset', 'robust', 'none']).optional(),
  /** Makes the dataset when the folder is absent: one Markov chain of symbols for each class. */
  synthetic: z
    .strictObject({
      /** Number of sequences. */
      count: z.int().min(1),
      classes: z.int().min(1).default(4),
      /** Number of symbols: values 0 … symbols − 1. */
      symbols: z.int().min(2).max(65_536).default(41),
      /** Lengths are log-uniform in [minimum, maximum]. */
      length: z
        .strictObject({ minimum: z.int().min(1), maximum: z.int().min(1) })
        .default({ minimum: 512, maximum: 30_720 }),
      /** All classes have the same histogram and differ by the order of symbols only. */
      orderOnly: z.boolean().default(false),
      /** Each timestep follows from the one this many timesteps before it. */
      lag: z.int().min(1).max(65_536).default(1),
      seed: z.int().min(0).max(0xffffffff).default(0),
    })
    .optional(),
});
