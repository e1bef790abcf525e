/**
 * Scales the channels of each sequence by what their means say (Hu, Shen and Sun 2018): a narrow layer, ReLU, a wide one,
 * and a sigmoid.
 */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import type { ParameterDescription } from '../model/model.ts';
import { linear } from './forward.ts';
import { linearParameters } from './parameters.ts';

/** `<name>.reduce` and `<name>.expand`, two layers as PyTorch's Linear. */
export function squeezeExciteParameters(
  name: string,
  { channels, reduced }: { channels: number; reduced: number },
): ParameterDescription[] {
  return [
    ...linearParameters(`${name}.reduce`, { out: reduced, in: channels }),
    ...linearParameters(`${name}.expand`, { out: channels, in: reduced }),
  ];
}

/** `[B, L, C]` → `[B, L, C]`. */
export function squeezeExcite(context: ForwardContext, name: string, x: Tensor): Tensor {
  const { ops } = context;
  const narrow = ops.relu(linear(context, `${name}.reduce`, ops.meanOverLength(x)));
  const factors = ops.sigmoid(linear(context, `${name}.expand`, narrow));
  return ops.tap(name, ops.scaleChannels(x, factors));
}
