/** Encoder and residual blocks: the frame that the built-in families share. */
import { z } from 'zod';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { conv } from '../layer/forward.ts';
import { convParameters } from '../layer/parameters.ts';
import {
  type ResidualBlock,
  receptiveFieldOf,
  residualBlock,
  residualBlockNorms,
  residualBlockParameters,
} from '../layer/residual-block.ts';
import type { Model } from './model.ts';

export const channelsOption = z.int().min(1).max(4096).default(64);
/** Held by a masked timestep of a one-channel input: outside the data's range. 0 is a symbol. */
export const maskValueOption = z.number().default(-1);

const ENCODER = 'encoder';

export interface ResidualNetwork {
  readonly channels: number;
  readonly blocks: readonly ResidualBlock[];
  /** Channels that `input` makes of the feeds. */
  readonly inputChannels: number;
  /** The feeds as `[B, L, inputChannels]`. */
  readonly input: (context: ForwardContext) => Tensor;
}

export function residualNetwork(network: ResidualNetwork): Model {
  const { channels, blocks, inputChannels } = network;
  const encoder = { out: channels, in: inputChannels, kernel: 1, bias: true };
  return {
    channels,
    parameters: [...convParameters(ENCODER, encoder), ...blocks.flatMap(residualBlockParameters)],
    norms: blocks.flatMap(residualBlockNorms),
    isCausal: blocks.every((block) => block.causal),
    receptiveField: blocks.reduce((sum, block) => sum + receptiveFieldOf(block), 1),
    features: (context) => {
      const layer = { name: ENCODER, dilation: 1, bias: true, padding: 'same' } as const;
      const encoded = conv(context, layer, network.input(context));
      return blocks.reduce((x, block) => residualBlock(context, block, x), encoded);
    },
  };
}
