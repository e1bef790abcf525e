import { LockstepError } from '../../core/errors.ts';
import { commandLine } from '../../core/program-name.ts';
import type { ActivationRange, StateLayout } from '../../engine/engine.ts';

/**
 * @throws LockstepError NON_FINITE naming the first parameter that holds a NaN or an infinity, and the first
 *   layer that shows it
 */
export function refuseNonFiniteModel(
  parameters: Float32Array,
  layout: StateLayout,
  ranges: readonly ActivationRange[],
): void {
  const layer = ranges.find(({ nonFinite }) => nonFinite > 0)?.layer;
  for (const { name, offset, size } of layout.parameters) {
    const values = parameters.subarray(offset, offset + size);
    const count = values.filter((value) => !Number.isFinite(value)).length;
    if (count === 0) continue;
    const shows =
      layer === undefined ? 'no layer shows it yet' : `"${layer}" is the first layer that shows it`;
    throw new LockstepError(
      'NON_FINITE',
      `Parameter "${name}" holds ${count} of ${size} values that are not finite; ${shows}.`,
      'Start from other weights: these are damaged or diverged.',
    );
  }
  if (layer === undefined) return;
  throw new LockstepError(
    'NON_FINITE',
    `All parameters are finite, but the activations of layer "${layer}" are not.`,
    `Look at the values that go in: "${commandLine('data', 'info')}" shows their range.`,
  );
}
