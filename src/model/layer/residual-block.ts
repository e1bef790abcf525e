/** relu(x + m(x)), m = conv, BatchNorm, ReLU, conv, BatchNorm (numbered 0 to 4 as in PyTorch's Sequential). */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { NormDescription, ParameterDescription } from '../model.ts';
import { batchNorm, conv } from './forward.ts';
import { convParameters, normParameters } from './parameters.ts';

export interface ResidualBlock {
  /** E.g. `model.0`. */
  readonly name: string;
  readonly channels: number;
  readonly kernel: number;
  /** Of the first convolution; the second has none. */
  readonly dilation: number;
  /** Convolution biases: they have no effect in front of BatchNorm, but the reference model has them. */
  readonly bias: boolean;
}

export function residualBlockNorms({ name, channels }: ResidualBlock): NormDescription[] {
  return [
    { name: `${name}.m.1`, channels },
    { name: `${name}.m.4`, channels },
  ];
}

export function residualBlockParameters(block: ResidualBlock): ParameterDescription[] {
  const { name, channels, kernel, bias } = block;
  const [first, second] = residualBlockNorms(block) as [NormDescription, NormDescription];
  const size = { out: channels, in: channels, kernel, bias };
  return [
    ...convParameters(`${name}.m.0`, size),
    ...normParameters(first),
    ...convParameters(`${name}.m.3`, size),
    ...normParameters(second),
  ];
}

/** `[B, L, C]` → `[B, L, C]`. */
export function residualBlock(context: ForwardContext, block: ResidualBlock, x: Tensor): Tensor {
  const { ops } = context;
  const { name, dilation, bias } = block;
  let h = conv(context, `${name}.m.0`, x, { dilation, bias });
  h = ops.tap(`${name}.m.2`, ops.relu(batchNorm(context, `${name}.m.1`, h)));
  h = batchNorm(context, `${name}.m.4`, conv(context, `${name}.m.3`, h, { dilation: 1, bias }));
  return ops.tap(name, ops.relu(ops.add(h, x)));
}

/** Steps by which one block widens what a position can see. */
export function receptiveFieldOf({ kernel, dilation }: ResidualBlock): number {
  return (kernel - 1) * (dilation + 1);
}
