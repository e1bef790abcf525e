/** An exponential moving average of a phase's weights, computed on the host so that all workers have the same bits. */
import type { Weights } from '../checkpoint/state-tensors.ts';

/** Steps that the average looks back on at a phase's beginning, where the weights still move fast. */
const FIRST_STEPS = 10;

/**
 * The average once a step is done: decay · average + (1 − decay) · weights. The decay begins small, as (1 + n) / (10 + n)
 * after n steps, so that the first weights are soon forgotten.
 * @param before undefined at a phase's first step
 * @param stepInPhase steps of the phase that were done before
 */
export function averageAfter(
  before: Weights | undefined,
  now: Weights,
  { decay, stepInPhase }: { readonly decay: number; readonly stepInPhase: number },
): Weights {
  if (before === undefined) return now;
  const kept = Math.min(decay, (1 + stepInPhase) / (FIRST_STEPS + stepInPhase));
  const mix = (old: Float32Array, value: Float32Array) =>
    old.map((number, index) => kept * number + (1 - kept) * value[index]!);
  return {
    parameters: mix(before.parameters, now.parameters),
    statistics: mix(before.statistics, now.statistics),
  };
}
