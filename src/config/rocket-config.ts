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
      /** Features of a sequence; rounded down to a multiple of 84, the number of kernels. */
      features: z.int().min(84).max(100_000).default(9_996),
      /** Most dilations of a kernel. */
      dilations: z.int().min(1).max(64).default(32),
    })
    .prefault({}),
});

export type RocketConfig = z.output<typeof rocketConfig>;
