import { z } from 'zod';
import { dataSection } from './data-section.ts';
import { gramBuckets, gramOrders } from './gram-options.ts';
import { subsetSection } from './phase-section.ts';

/** The configuration of a model of n-grams, fitted in closed form. */
export const ngramConfig = z.strictObject({
  name: z.string().min(1),
  /** Everything random follows from it: label draws, and which sequences a fit reads. */
  seed: z.int().min(0).max(0xffffffff).default(0),
  data: z.strictObject({
    ...subsetSection.omit({ crop: true }).shape,
    store: dataSection.shape.store,
  }),
  model: z
    .strictObject({
      family: z.literal('ngram').default('ngram'),
      /** Lengths of the n-grams. */
      orders: gramOrders,
      /** How many distances of pairs it counts, found on training sequences without labels. */
      gaps: z.int().min(0).max(64).default(8),
      /** The largest distance that it looks at. */
      longestGap: z.int().min(1).max(1024).default(64),
      /** Places for the n-grams of one length; a hash shares them out. */
      buckets: gramBuckets,
      /** How many training sequences the fit reads at most, with or without a label. */
      fitSequences: z.int().min(2).max(20_000).default(2000),
    })
    .prefault({}),
});

export type NgramConfig = z.output<typeof ngramConfig>;
