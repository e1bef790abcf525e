/** Layers by name: each takes its parameters from the context and reports its activation. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';

/** PyTorch's default for both norms. */
const NORM_EPSILON = 1e-5;

/** `[B, L, in]` → `[B, L, out]`, length kept. */
export function conv(
  { ops, parameter }: ForwardContext,
  name: string,
  x: Tensor,
  options: { dilation: number; bias: boolean; padding: 'same' | 'causal' },
): Tensor {
  const bias = options.bias ? { bias: parameter(`${name}.bias`) } : {};
  const { dilation, padding } = options;
  return ops.tap(name, ops.conv1d(x, parameter(`${name}.weight`), { dilation, padding, ...bias }));
}

export function batchNorm({ ops, parameter }: ForwardContext, name: string, x: Tensor): Tensor {
  return ops.tap(
    name,
    ops.batchNorm(x, {
      name,
      weight: parameter(`${name}.weight`),
      bias: parameter(`${name}.bias`),
      runningMean: parameter(`${name}.running_mean`),
      runningVar: parameter(`${name}.running_var`),
      epsilon: NORM_EPSILON,
    }),
  );
}

export function channelNorm({ ops, parameter }: ForwardContext, name: string, x: Tensor): Tensor {
  return ops.tap(
    name,
    ops.channelNorm(x, {
      weight: parameter(`${name}.weight`),
      bias: parameter(`${name}.bias`),
      epsilon: NORM_EPSILON,
    }),
  );
}

/** `[n, in]` → `[n, out]`. */
export function linear({ ops, parameter }: ForwardContext, name: string, x: Tensor): Tensor {
  return ops.tap(name, ops.linear(x, parameter(`${name}.weight`), parameter(`${name}.bias`)));
}
