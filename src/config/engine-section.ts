import { z } from 'zod';

/** For each operation, one of its equivalent ways to compute. */
export const formulationsSection = z.strictObject({
  convolution: z.enum(['direct', 'transposed']),
  filterGradient: z.enum(['native', 'shifted']),
  batchNorm: z.enum(['fused', 'composed']),
  projection: z.enum(['separate', 'folded']).default('separate'),
});

/** The timings behind a choice of formulations. They change no computation. */
export const tunedSection = z.strictObject({
  /** The device that timed them. */
  device: z.string(),
  /** Rows × padded length of the timed micro-batches. */
  microBatches: z.array(z.string()),
  /** Lower quartile, median and upper quartile of each choice, for the gradients of all `microBatches`. */
  milliseconds: z.record(z.string(), z.array(z.number())),
});

/** The engine, and the settings that can change its bits. */
export const engineSection = z.strictObject({
  /**
   * `compiled` records TensorFlow's operations once and runs them as one graph. `eager` runs one operation at a
   * time, so that a fault can be traced to its operation. `auto` is `compiled` where TensorFlow is set up, otherwise
   * `portable`; the run's folder names the one that it used.
   */
  kind: z.enum(['compiled', 'eager', 'portable', 'auto']).default('auto'),
  /** CPU threads of each worker's TensorFlow. It changes bits, so it never follows from the machine. */
  threadsPerWorker: z.int().min(1).max(256).default(1),
  /** With `auto` a run chooses at its first start and writes the choice into its folder. */
  formulations: z.union([z.literal('auto'), formulationsSection]).default('auto'),
  tuned: tunedSection.optional(),
  /** `strict` keeps the promise of equal bits on CUDA; `fast` gives it up. */
  numerics: z.enum(['strict', 'fast']).default('strict'),
  /**
   * Lets NVIDIA GPUs from Ampere on multiply with 10 bits of mantissa instead of 23, several times as fast.
   * TensorFlow's own default is true.
   */
  tf32: z.boolean().default(false),
  /** Lets XLA compile what it can of the graph, once for each shape of micro-batch. */
  xla: z.boolean().default(false),
});

export type EngineConfig = z.output<typeof engineSection>;

/** What an engine must know. Absent keys have their defaults. */
export type EngineChoice = Pick<EngineConfig, 'kind' | 'threadsPerWorker' | 'numerics'> &
  Partial<Pick<EngineConfig, 'formulations' | 'tf32' | 'xla'>>;
