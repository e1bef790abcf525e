import { z } from 'zod';
import type { ElementwiseOps, Tensor } from '../../engine/ops.ts';

/** Gradients are scaled down to this global norm; not clipped when absent. */
export const clipNormOption = z.number().positive().optional();

/** As torch.nn.utils.clip_grad_norm_: scales down to `clipNorm`, by the norm over all parameters. */
export function clipped(
  ops: ElementwiseOps,
  gradient: Tensor,
  clipNorm: number | undefined,
): Tensor {
  if (clipNorm === undefined) return gradient;
  const norm = ops.sqrt(ops.sum(ops.mul(gradient, gradient)));
  const ratio = ops.div(ops.scalar(clipNorm), ops.add(norm, ops.scalar(1e-6)));
  return ops.mul(gradient, ops.minimum(ratio, ops.scalar(1)));
}
