/** Layers by name: each takes its parameters from the context and reports its activation. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { BatchNormParameters, Conv1dOptions, Tensor } from '../../engine/ops.ts';

/** PyTorch's default for both norms. */
const NORM_EPSILON = 1e-5;

export interface ConvLayer {
  readonly name: string;
  readonly dilation: number;
  readonly bias: boolean;
  readonly padding: 'same' | 'causal';
  /** As in `Conv1dOptions`. */
  readonly groups?: number;
  /** As in `Conv1dOptions`: what comes out are activations of `ops.coarser(stride)`. */
  readonly stride?: number;
}

/** `[B, L, in]` → `[B, L, out]`, or `[B, ⌈L / stride⌉, out]`. */
export function conv(context: ForwardContext, layer: ConvLayer, x: Tensor): Tensor {
  const { ops, parameter } = context;
  const { name } = layer;
  return ops.tap(name, ops.conv1d(x, parameter(`${name}.weight`), convOptions(context, layer)));
}

/** A convolution and the norm of its result. */
export function convBatchNorm(
  context: ForwardContext,
  layer: ConvLayer,
  norm: string,
  x: Tensor,
): Tensor {
  const { ops, parameter } = context;
  const parameters = batchNormParameters(context, norm);
  const weight = parameter(`${layer.name}.weight`);
  const y =
    ops.conv1dBatchNorm?.(x, weight, convOptions(context, layer), parameters) ??
    ops.coarser(layer.stride ?? 1).batchNorm(conv(context, layer, x), parameters);
  return ops.tap(norm, y);
}

/** The norm of what no single convolution makes. */
export function batchNorm(context: ForwardContext, name: string, x: Tensor): Tensor {
  const { ops } = context;
  return ops.tap(name, ops.batchNorm(x, batchNormParameters(context, name)));
}

function batchNormParameters({ parameter }: ForwardContext, name: string): BatchNormParameters {
  return {
    name,
    weight: parameter(`${name}.weight`),
    bias: parameter(`${name}.bias`),
    runningMean: parameter(`${name}.running_mean`),
    runningVar: parameter(`${name}.running_var`),
    epsilon: NORM_EPSILON,
  };
}

function convOptions({ parameter }: ForwardContext, layer: ConvLayer): Conv1dOptions {
  const { name, dilation, padding, groups = 1, stride = 1 } = layer;
  return {
    dilation,
    padding,
    groups,
    stride,
    ...(layer.bias && { bias: parameter(`${name}.bias`) }),
  };
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
