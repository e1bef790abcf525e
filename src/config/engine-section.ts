import { z } from 'zod';

/** One of the equivalent ways to compute each operation that has several. */
export const formulationsSection = z.strictObject({
  convolution: z.enum(['direct', 'transposed']),
  filterGradient: z.enum(['native', 'shifted']),
  batchNorm: z.enum(['fused', 'composed']),
});

/** What a choice of formulations was made by; it computes nothing. */
export const tunedSection = z.strictObject({
  /** Where they were timed. */
  device: z.string(),
  /** Rows × padded length of what was timed. */
  microBatches: z.array(z.string()),
  /** Lower quartile, median and upper quartile for each choice, of the gradients of all `microBatches`. */
  milliseconds: z.record(z.string(), z.array(z.number())),
});

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
  /** `auto` is chosen when a run first starts: what a run computes with is written down in its folder. */
  formulations: z.union([z.literal('auto'), formulationsSection]).default('auto'),
  tuned: tunedSection.optional(),
  /** `strict` keeps the promise of equal bits on CUDA; `fast` gives it up. */
  numerics: z.enum(['strict', 'fast']).default('strict'),
  /**
   * NVIDIA GPUs from Ampere on may multiply with 10 bits of mantissa instead of 23, several times as fast.
   * TensorFlow's own default is that they do.
   */
  tf32: z.boolean().default(false),
  /** Lets XLA compile what it can of the graph, for each shape of micro-batch anew. */
  xla: z.boolean().default(false),
});

export type EngineConfig = z.output<typeof engineSection>;

/** What an engine must know; what is absent is its default. */
export type EngineChoice = Pick<EngineConfig, 'kind' | 'threadsPerWorker' | 'numerics'> &
  Partial<Pick<EngineConfig, 'formulations' | 'tf32' | 'xla'>>;
