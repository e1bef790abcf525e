import { z } from 'zod';
import { dataSection } from './data-section.ts';
import { subsetSection } from './phase-section.ts';

/** The configuration of a rocket: random convolutions and a linear head, fitted in closed form. */
export const rocketConfig = z.strictObject({
  name: z.string().min(1),
  /** Everything random follows from it: channels, the sequences that biases come from, label draws. */
  seed: z.int().min(0).max(0xffffffff).default(0),
  data: z.strictObject({
    ...subsetSection.shape,
    store: dataSection.shape.store,
    scaling: dataSection.shape.scaling.unwrap().default('dataset'),
    /** Only the first so many timesteps of each sequence. */
    crop: subsetSection.shape.crop,
  }),
  model: z
    .strictObject({
      family: z.literal('rocket').default('rocket'),
      /**
       * `mini`: shares of outputs above biases; `multi`: four features a bias, of values and of differences; `auto`:
       * `multi` where that takes seconds.
       */
      variant: z.enum(['auto', 'mini', 'multi']).default('auto'),
      /**
       * Features of a sequence; rounded down to a multiple of 84, the number of kernels, for `multi` of 672.
       * @default 9 996 or 49 728
       */
      features: z.int().min(84).max(100_000).optional(),
      /**
       * `ridge`: ridge regressions; `logistic`: a logistic regression; `auto`: `logistic` where its probabilities of
       * held-out sequences are clearly better.
       */
      head: z.enum(['ridge', 'logistic', 'auto']).default('ridge'),
      /** Most dilations of a kernel. */
      dilations: z.int().min(1).max(64).default(32),
    })
    .prefault({}),
});

export type RocketConfig = z.output<typeof rocketConfig>;
