/** Encoder, residual blocks, mean over the length, linear head: the frame that both families share. */
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { conv, linear } from '../layer/forward.ts';
import { convParameters, linearParameters } from '../layer/parameters.ts';
import {
  type ResidualBlock,
  receptiveFieldOf,
  residualBlock,
  residualBlockNorms,
  residualBlockParameters,
} from '../layer/residual-block.ts';
import { CLASSIFICATION_HEAD, type Model, type ModelShape, PRETEXT_HEAD } from './model.ts';

const ENCODER = 'encoder';

export interface ResidualNetwork {
  readonly channels: number;
  readonly shape: ModelShape;
  readonly blocks: readonly ResidualBlock[];
  /** Channels that `input` makes of the feeds. */
  readonly inputChannels: number;
  /** The feeds as `[B, L, inputChannels]`. */
  readonly input: (context: ForwardContext) => Tensor;
}

export function makeResidualNetwork(network: ResidualNetwork): Model {
  const { channels, shape, blocks } = network;
  const head = (name: string, out: number) =>
    out === 0 ? [] : linearParameters(name, { out, in: channels });
  return {
    parameters: [
      ...convParameters(ENCODER, {
        out: channels,
        in: network.inputChannels,
        kernel: 1,
        bias: true,
      }),
      ...blocks.flatMap(residualBlockParameters),
      ...head(CLASSIFICATION_HEAD, shape.classes),
      ...head(PRETEXT_HEAD, shape.pretextOutputs),
    ],
    norms: blocks.flatMap(residualBlockNorms),
    isCausal: blocks.every((block) => block.causal),
    receptiveField: blocks.reduce((sum, block) => sum + receptiveFieldOf(block), 1),
    features: (context) => {
      const encoder = { name: ENCODER, dilation: 1, bias: true, padding: 'same' } as const;
      const encoded = conv(context, encoder, network.input(context));
      return blocks.reduce((x, block) => residualBlock(context, block, x), encoded);
    },
    classify: (context, features) =>
      linear(context, CLASSIFICATION_HEAD, context.ops.meanOverLength(features)),
    embed: (context, features) =>
      linear(context, PRETEXT_HEAD, context.ops.meanOverLength(features)),
    predictAt: (context, features, positions) =>
      linear(context, PRETEXT_HEAD, context.ops.gatherPositions(features, positions)),
  };
}
