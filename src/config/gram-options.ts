/** Options of what counts n-grams: a family of a run, and the fit in closed form. */
import { z } from 'zod';

/** Lengths of the n-grams. */
export const gramOrders = z.array(z.int().min(1).max(16)).min(1).max(8).default([4]);

/** Places for the n-grams of one length; a hash shares them out. */
export const gramBuckets = z
  .int()
  .min(256)
  .max(65536)
  .refine((n) => Number.isInteger(Math.log2(n)), 'must be a power of two')
  .default(65536);
