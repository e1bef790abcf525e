/**
 * Equivalent ways to compute an operation. Which one is fastest depends on the machine. The choice is part of
 * a run's numerics, so the run makes it once and keeps it in its configuration.
 */
export interface Formulations {
  /** `direct`: a convolution; `transposed`: the input gradient of the convolution with flipped weights. */
  readonly convolution: 'direct' | 'transposed';
  /**
   * `native`: one kernel; `shifted`: one matrix product for each tap, minus what crosses between rows, in
   * micro-batches of at least `LONG` timesteps.
   */
  readonly filterGradient: 'native' | 'shifted';
  /** `fused`: one kernel each way; `composed`: channel-wise passes. Both are exact under padding. */
  readonly batchNorm: 'fused' | 'composed';
  /**
   * Of a few channels to many, in front of a convolution. `separate`: by itself; `folded`: as part of the
   * convolution's filter.
   */
  readonly projection: 'separate' | 'folded';
}

/** From this padded length on, a filter's outermost tap never reaches beyond the neighbouring row. */
export const LONG = 512;

/** The choice as words of the fingerprint. */
export function describeFormulations(formulations: Formulations): string {
  const { convolution, filterGradient, batchNorm, projection } = formulations;
  const words = `${convolution} convolution, ${filterGradient} filterGradient, ${batchNorm} batchNorm`;
  return projection === 'separate' ? words : `${words}, ${projection} projection`;
}

/** What the TensorFlow engines use if a configuration does not choose. */
export const DEFAULT_FORMULATIONS: Formulations = {
  convolution: 'direct',
  filterGradient: 'shifted',
  batchNorm: 'fused',
  projection: 'separate',
};

/** The formulations of a configuration; the default for `auto`. */
export function formulationsOf(configured: Formulations | 'auto' = 'auto'): Formulations {
  return configured === 'auto' ? DEFAULT_FORMULATIONS : configured;
}

/** The formulations that every engine has. */
export const PLAIN_FORMULATIONS: Formulations = {
  convolution: 'direct',
  filterGradient: 'native',
  batchNorm: 'composed',
  projection: 'separate',
};
