/** Encoder and residual blocks: the frame that the built-in families share. */
import { z } from 'zod';
import { conv } from '../layer/forward.ts';
import { convParameters } from '../layer/parameters.ts';
import {
  type ResidualBlock,
  receptiveFieldOf,
  residualBlock,
  residualBlockNorms,
  residualBlockParameters,
} from '../layer/residual-block.ts';
import type { ModelInput } from './input.ts';
import type { Model } from './model.ts';

export const channelsOption = z.int().min(1).max(4096).default(64);
/** Held by a masked timestep of a one-channel input: outside the data's range. 0 is a symbol. */
export const maskValueOption = z.number().default(-1);

/** Share of the values that a layer drops while training. None when absent. */
export const dropoutOption = z.number().min(0).lt(1).optional();

const ENCODER = 'encoder';

export interface ResidualNetwork {
  readonly channels: number;
  readonly blocks: readonly ResidualBlock[];
  /** How the feeds enter. */
  readonly input: ModelInput;
}

export function residualNetwork(network: ResidualNetwork): Model {
  const { channels, blocks, input } = network;
  const encoder = { out: channels, in: input.channels, kernel: 1, bias: true };
  return {
    channels,
    parameters: [...convParameters(ENCODER, encoder), ...blocks.flatMap(residualBlockParameters)],
    norms: blocks.flatMap(residualBlockNorms),
    drops: blocks.some(({ dropout = 0 }) => dropout > 0),
    isCausal: blocks.every((block) => block.causal),
    receptiveField: blocks.reduce((sum, block) => sum + receptiveFieldOf(block), 1),
    features: (context) => {
      const layer = { name: ENCODER, dilation: 1, bias: true, padding: 'same' } as const;
      const encoded = conv(context, layer, input.of(context));
      return blocks.reduce((x, block) => residualBlock(context, block, x), encoded);
    },
  };
}
