/** Decoupled weight decay, which leaves biases and norm scales alone. */
import type { Slot } from '../../engine/engine.ts';
import type { ElementwiseOps, Tensor } from '../../engine/ops.ts';

export const decays = (slot: Slot): boolean => slot.shape.length >= 2;

/** p ← p − amount · p where the mask is 1. */
export function decayedBy(
  ops: ElementwiseOps,
  parameters: Tensor,
  mask: Tensor,
  amount: Tensor,
): Tensor {
  return ops.sub(parameters, ops.mul(ops.mul(parameters, mask), amount));
}
