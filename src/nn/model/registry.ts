/** The model families by name. */
import type { ModelConfig } from '../../config/model-section.ts';
import { LockstepError } from '../../core/errors.ts';
import { symbolChannels, valueAndMaskChannels, valueChannel } from './input.ts';
import type { Model, ModelShape } from './model.ts';
import { makeResidualNetwork } from './residual-network.ts';

/** @throws LockstepError CONFIG_INVALID when the model cannot take this kind of values */
export function makeModel(config: ModelConfig, shape: ModelShape): Model {
  switch (config.family) {
    case 'reference':
      return referenceModel(config, shape);
    case 'dilated':
    case 'causal':
      return dilatedModel(config, shape);
  }
}

/** The first user's network, with that user's parameter names: receptive field of 5 steps. */
function referenceModel(
  { channels, maskValue }: Extract<ModelConfig, { family: 'reference' }>,
  shape: ModelShape,
): Model {
  return makeResidualNetwork({
    channels,
    shape,
    blocks: [{ name: 'model.0', channels, kernel: 3, dilation: 1, bias: true, causal: false }],
    inputChannels: 1,
    input: (context) => valueChannel(context, maskValue),
  });
}

/**
 * Dilated residual blocks, so that a position sees hundreds of steps (van den Oord et al. 2016); in its
 * causal form, of the past only.
 */
function dilatedModel(
  config: Extract<ModelConfig, { family: 'dilated' | 'causal' }>,
  shape: ModelShape,
): Model {
  const { channels, kernel } = config;
  const { symbols } = shape;
  if (config.input === 'embedding' && symbols === 0) {
    throw new LockstepError(
      'CONFIG_INVALID',
      'model.input is "embedding", but the dataset holds real values: only integers have an embedding.',
      'Set model.input to "value".',
    );
  }
  const embeds = config.input === 'embedding';
  return makeResidualNetwork({
    channels,
    shape,
    blocks: config.dilations.map((dilation, index) => ({
      name: `model.${index}`,
      channels,
      kernel,
      dilation,
      bias: false,
      causal: config.family === 'causal',
    })),
    inputChannels: embeds ? symbols + 1 : 2,
    input: (context) =>
      embeds ? symbolChannels(context, symbols) : valueAndMaskChannels(context, config.maskValue),
  });
}
