/**
 * Ways to write an operation that mean the same and differ in speed from machine to machine. The choice is
 * part of a run's numerics, so it is made once and kept in its configuration.
 */
export interface Formulations {
  /** `direct`: as a convolution; `transposed`: as the input gradient of the one with turned weights. */
  readonly convolution: 'direct' | 'transposed';
  /**
   * `native`: one kernel; `shifted`: a matrix product for each tap, less what crosses between rows, in
   * micro-batches of `LONG` timesteps and more.
   */
  readonly filterGradient: 'native' | 'shifted';
  /** `fused`: one kernel each way; `composed`: of channel-wise passes. Both are exact under padding. */
  readonly batchNorm: 'fused' | 'composed';
}

/** Padded length from which on a filter's outermost tap is sure to stay within the neighbouring row. */
export const LONG = 512;

/** For the fingerprint. */
export function describeFormulations(formulations: Formulations): string {
  const { convolution, filterGradient, batchNorm } = formulations;
  return `${convolution} convolution, ${filterGradient} filterGradient, ${batchNorm} batchNorm`;
}

/** Of the TensorFlow engines, where a configuration says nothing. */
export const DEFAULT_FORMULATIONS: Formulations = {
  convolution: 'direct',
  filterGradient: 'shifted',
  batchNorm: 'fused',
};

/** Those of a configuration; the default where nothing was chosen. */
export function formulationsOf(configured: Formulations | 'auto' = 'auto'): Formulations {
  return configured === 'auto' ? DEFAULT_FORMULATIONS : configured;
}

/** What every engine can compute. */
export const PLAIN_FORMULATIONS: Formulations = {
  convolution: 'direct',
  filterGradient: 'native',
  batchNorm: 'composed',
};
