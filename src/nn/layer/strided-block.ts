/**
 * relu(shortcut(x) + m(x)), m = convolution, norm, ReLU, convolution, norm (numbered 0 to 4 as in PyTorch's Sequential);
 * the first convolution has the stride. The shortcut is x where it fits, else a convolution of one position and a norm
 * (He et al. 2016).
 */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { NormDescription, ParameterDescription } from '../model/model.ts';
import { convBatchNorm } from './forward.ts';
import { convParameters, normParameters } from './parameters.ts';

export interface StridedBlock {
  /** E.g. `model.0.0`. */
  readonly name: string;
  /** Channels that come in. */
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
  /** Share of the values that it drops between the two convolutions. None when absent. */
  readonly dropout?: number | undefined;
}

const isProjected = (block: StridedBlock): boolean => block.stride > 1 || block.in !== block.out;

export function stridedBlockNorms(block: StridedBlock): NormDescription[] {
  const { name, out } = block;
  const places = ['m.1', 'm.4', ...(isProjected(block) ? ['shortcut.1'] : [])];
  return places.map((place) => ({ name: `${name}.${place}`, channels: out }));
}

export function stridedBlockParameters(block: StridedBlock): ParameterDescription[] {
  const { name, out, kernel } = block;
  const [first, second, beside] = stridedBlockNorms(block);
  const without = { bias: false };
  const shortcut = { out, in: block.in, kernel: 1, ...without };
  return [
    ...convParameters(`${name}.m.0`, { out, in: block.in, kernel, ...without }),
    ...normParameters(first!),
    ...convParameters(`${name}.m.3`, { out, in: out, kernel, ...without }),
    ...normParameters(second!),
    ...(beside
      ? [...convParameters(`${name}.shortcut.0`, shortcut), ...normParameters(beside)]
      : []),
  ];
}

/** `[B, L, in]` → `[B, ⌈L / stride⌉, out]`, of `ops.coarser(stride)`. */
export function stridedBlock(context: ForwardContext, block: StridedBlock, x: Tensor): Tensor {
  const { name, stride, dropout = 0 } = block;
  const after: ForwardContext = { ...context, ops: context.ops.coarser(stride) };
  const { ops } = after;
  const layer = (place: string) =>
    ({ name: `${name}.${place}`, dilation: 1, bias: false, padding: 'same' }) as const;
  const first = convBatchNorm(context, { ...layer('m.0'), stride }, `${name}.m.1`, x);
  const h = ops.tap(`${name}.m.2`, ops.relu(first));
  const kept = ops.dropout(h, { layer: name, rate: dropout });
  const second = convBatchNorm(after, layer('m.3'), `${name}.m.4`, kept);
  const beside = isProjected(block)
    ? convBatchNorm(context, { ...layer('shortcut.0'), stride }, `${name}.shortcut.1`, x)
    : x;
  return ops.tap(name, ops.relu(ops.add(second, beside)));
}
