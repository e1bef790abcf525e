import { z } from 'zod';

/** Which engine computes, and what could change its bits. */
export const engineSection = z.strictObject({
  /**
   * `compiled` records TensorFlow's operations once and runs them as one graph; `eager` runs them one by
   * one, so that a fault can be traced to its operation. `auto` is `compiled` where TensorFlow is set up,
   * else `portable`; a run's folder holds which one it was.
   */
  kind: z.enum(['compiled', 'eager', 'portable', 'auto']).default('auto'),
  /** CPU threads of each worker's TensorFlow: part of the numerics, so never derived from the machine. */
  threadsPerWorker: z.int().min(1).max(256).default(1),
  /** Equivalent ways to compute the same; what is fastest here when absent, written down with the run. */
  formulations: z
    .strictObject({
      convolution: z.enum(['direct', 'transposed']),
      filterGradient: z.enum(['native', 'shifted']),
      batchNorm: z.enum(['fused', 'composed']),
    })
    .optional(),
  /** `strict` keeps the promise of equal bits on CUDA; `fast` gives it up. */
  numerics: z.enum(['strict', 'fast']).default('strict'),
});

export type EngineConfig = z.output<typeof engineSection>;
