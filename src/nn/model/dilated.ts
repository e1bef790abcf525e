/** Dilated residual blocks, so that a timestep sees hundreds of others (van den Oord et al. 2016). */
import { z } from 'zod';
import type { DataFacts } from '../../data/facts.ts';
import { defineModel } from '../define.ts';
import { chosenInput } from './chosen-input.ts';
import type { Model } from './model.ts';
import {
  channelsOption,
  dropoutOption,
  maskValueOption,
  residualNetwork,
} from './residual-network.ts';

/** Receptive field: 1 + (kernel − 1) · Σ(dilation + 1) timesteps. */
export const dilatedOptions = z.strictObject({
  channels: channelsOption,
  /** `embedding` gives each integer symbol a vector; `value` feeds the number itself. */
  input: z.enum(['embedding', 'value']).default('embedding'),
  /** Dilation of the first convolution of each residual block. */
  dilations: z
    .array(z.int().min(1).max(16384))
    .min(1)
    .max(64)
    .default([1, 2, 4, 8, 16, 32, 64, 128]),
  maskValue: maskValueOption,
  dropout: dropoutOption,
});

/** Kernel size of every convolution in the blocks. */
export const kernelOption = z.int().min(1).max(63);

export const dilated = defineModel({
  family: 'dilated',
  options: dilatedOptions.extend({
    kernel: kernelOption.refine((k) => k % 2 === 1, 'must be odd').default(3),
  }),
  build: (options, facts) => dilatedNetwork(options, facts, false),
});

/** @throws LockstepError CONFIG_INVALID when real values are to be embedded */
export function dilatedNetwork(
  options: z.output<typeof dilatedOptions> & { readonly kernel: number },
  facts: DataFacts,
  causal: boolean,
): Model {
  const { channels, kernel } = options;
  const { input, reads } = chosenInput(options, facts);
  const network = residualNetwork({
    channels,
    blocks: options.dilations.map((dilation, index) => ({
      name: `model.${index}`,
      channels,
      kernel,
      dilation,
      bias: false,
      causal,
      dropout: options.dropout,
    })),
    input,
  });
  return { ...network, reads };
}
