/** BatchNorm's running statistics after a global step, from the pooled values of its micro-batches. */
import type { LeafLayout, StateLayout } from './engine.ts';

/**
 * running ← (1 − momentum) · running + momentum · Σ(n · value) / Σn, in float32: one update in a global step,
 * equal to PyTorch's if the step has one micro-batch. Layers that saw no position keep their statistics.
 * @param total a canonical sum of leaves
 * @returns a new vector
 */
export function updateRunningStatistics(
  running: Float32Array,
  total: Float32Array,
  layouts: { state: StateLayout; leaf: LeafLayout },
  momentum: number,
): Float32Array {
  const updated = running.slice();
  for (const [index, { channels, offset }] of layouts.leaf.normLayers.entries()) {
    const count = total[offset]!;
    if (count === 0) continue;
    for (const [which, slot] of layouts.state.statistics
      .slice(2 * index, 2 * index + 2)
      .entries()) {
      for (let channel = 0; channel < channels; channel++) {
        const pooled = Math.fround(total[offset + 1 + which * channels + channel]! / count);
        const old = running[slot.offset + channel]!;
        updated[slot.offset + channel] =
          Math.fround((1 - momentum) * old) + Math.fround(momentum * pooled);
      }
    }
  }
  return updated;
}
