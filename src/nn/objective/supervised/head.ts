/** The head of a supervised objective on a whole sequence: features pooled over the length, and a linear layer. */
import type { ForwardContext } from '../../../engine/engine.ts';
import type { Tensor } from '../../../engine/ops.ts';
import { conv, linear } from '../../layer/forward.ts';
import { convParameters, linearParameters } from '../../layer/parameters.ts';
import type { ParameterDescription } from '../../model/model.ts';
import type { Pooling } from './options.ts';

/** Name of the head of every supervised objective. */
export const HEAD = 'decoder';
/** Name of the layer whose scores weigh the timesteps. */
const ATTENTION = 'attention';

/** Parameters of the head on features of so many channels. */
export function sequenceHead(
  pooling: Pooling = 'mean',
  { channels, outputs }: { channels: number; outputs: number },
): ParameterDescription[] {
  const pooled = pooling === 'mean-max' ? 2 * channels : channels;
  const scores = { out: 1, in: channels, kernel: 1, bias: true };
  return [
    ...linearParameters(HEAD, { out: outputs, in: pooled }),
    ...(pooling === 'attention' ? convParameters(ATTENTION, scores) : []),
  ];
}

/** The head's outputs `[B, outputs]` of features `[B, L, C]`. */
export const predictSequence =
  (pooling: Pooling = 'mean') =>
  (context: ForwardContext, features: Tensor): Tensor =>
    linear(context, HEAD, pooled(context, pooling, features));

function pooled(context: ForwardContext, pooling: Pooling, x: Tensor): Tensor {
  const { ops } = context;
  switch (pooling) {
    case 'mean':
      return ops.meanOverLength(x);
    case 'max':
      return ops.maxOverLength(x);
    case 'mean-max':
      return ops.concatChannels([ops.meanOverLength(x), ops.maxOverLength(x)]);
    case 'attention': {
      const layer = { name: ATTENTION, dilation: 1, bias: true, padding: 'same' } as const;
      return ops.attentionOverLength(x, conv(context, layer, x));
    }
  }
}
