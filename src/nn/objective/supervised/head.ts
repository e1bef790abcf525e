import type { ForwardContext } from '../../../engine/engine.ts';
import type { Tensor } from '../../../engine/ops.ts';
import { linear } from '../../layer/forward.ts';

/** Name of the head of every supervised objective. */
export const HEAD = 'decoder';

/** The head on the mean over the length: `[B, outputs]`. */
export function predictSequence(context: ForwardContext, features: Tensor): Tensor {
  return linear(context, HEAD, context.ops.meanOverLength(features));
}
