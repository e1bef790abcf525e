/** relu(x + m(x)), m = conv, norm, ReLU, conv, norm (numbered 0 to 4 as in PyTorch's Sequential). */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { NormDescription, ParameterDescription } from '../model/model.ts';
import { type ConvLayer, channelNorm, conv, convBatchNorm } from './forward.ts';
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
  /**
   * A causal block sees the past only. It normalises each position by itself: BatchNorm's statistics would
   * let the future in while training.
   */
  readonly causal: boolean;
  /** Share of the values that it drops between the two convolutions, as Zagoruyko and Komodakis (2016). None when absent. */
  readonly dropout?: number | undefined;
}

function normsOf({ name, channels }: ResidualBlock): NormDescription[] {
  return [
    { name: `${name}.m.1`, channels },
    { name: `${name}.m.4`, channels },
  ];
}

/** The norms that keep running statistics. */
export function residualBlockNorms(block: ResidualBlock): NormDescription[] {
  return block.causal ? [] : normsOf(block);
}

export function residualBlockParameters(block: ResidualBlock): ParameterDescription[] {
  const { name, channels, kernel, bias } = block;
  const [first, second] = normsOf(block) as [NormDescription, NormDescription];
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
  const { name, bias, causal } = block;
  const normalised = (x: Tensor, place: { conv: number; norm: number; dilation: number }) => {
    const layer: ConvLayer = {
      name: `${name}.m.${place.conv}`,
      dilation: place.dilation,
      bias,
      padding: causal ? 'causal' : 'same',
    };
    const norm = `${name}.m.${place.norm}`;
    return causal
      ? channelNorm(context, norm, conv(context, layer, x))
      : convBatchNorm(context, layer, norm, x);
  };
  const first = normalised(x, { conv: 0, norm: 1, dilation: block.dilation });
  const h = ops.tap(`${name}.m.2`, ops.relu(first));
  const kept = ops.dropout(h, { layer: name, rate: block.dropout ?? 0 });
  const second = normalised(kept, { conv: 3, norm: 4, dilation: 1 });
  return ops.tap(name, ops.relu(ops.add(second, x)));
}

/** Steps by which one block widens what a position can see. */
export function receptiveFieldOf({ kernel, dilation }: ResidualBlock): number {
  return (kernel - 1) * (dilation + 1);
}
