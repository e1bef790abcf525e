import { LockstepError } from '../core/errors.ts';
import type { LeafLayout } from '../engine/engine.ts';

/**
 * A leaf with a NaN or an infinity must not reach the sum, where nobody could tell whose it was.
 * @throws LockstepError NON_FINITE naming the step, the micro-batch and its sequences
 */
export function refuseNonFinite(
  leaf: Float32Array,
  layout: LeafLayout,
  place: { globalStep: number; microBatch: number; sequences: Int32Array },
): void {
  const position = leaf.findIndex((value) => !Number.isFinite(value));
  if (position < 0) return;
  const what =
    position < layout.parameterCount
      ? 'gradient'
      : (layout.sums[position - layout.sumOffset] ?? 'batch statistics');
  const shown = [...place.sequences.subarray(0, 8)].join(', ');
  const more = place.sequences.length > 8 ? ', …' : '';
  throw new LockstepError(
    'NON_FINITE',
    `The ${what} of step ${place.globalStep}, micro-batch ${place.microBatch} (sequences ${shown}${more}) is ${leaf[position]}.`,
    'Lower the learning rate or set optimizer.clipNorm; `lockstep debug` names the first layer that is not finite.',
  );
}
