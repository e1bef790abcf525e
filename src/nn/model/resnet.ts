/**
 * The residual network for time series of Wang, Yan and Oates (2017): in each block convolutions of several sizes follow
 * each other, beside a shortcut.
 */
import { z } from 'zod';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineModel } from '../define.ts';
import { convBatchNorm } from '../layer/forward.ts';
import { convParameters, normParameters } from '../layer/parameters.ts';
import { type Shortcut, shortcut, shortcutNorm, shortcutParameters } from '../layer/shortcut.ts';
import { chosenInput, inputOption } from './chosen-input.ts';
import type { NormDescription, ParameterDescription } from './model.ts';

const options = z.strictObject({
  /** Channels of each residual block. */
  blocks: z.array(z.int().min(1).max(4096)).min(1).max(64).default([64, 128, 128]),
  /** Kernel sizes of the convolutions of every block. */
  kernels: z.array(z.int().min(1).max(255)).min(1).max(16).default([8, 5, 3]),
  input: inputOption,
});

/** Receptive field: 1 + blocks · Σ(kernel − 1) timesteps, 40 by default. */
export const resnet = defineModel({
  family: 'resnet',
  options,
  build: ({ blocks: widths, kernels, ...choice }, facts) => {
    const { input, reads } = chosenInput(choice, facts);
    const blocks = widths.map(
      (out, index): Block => ({
        name: `model.${index}`,
        in: index === 0 ? input.channels : widths[index - 1]!,
        out,
        kernels,
      }),
    );
    return {
      channels: widths.at(-1)!,
      parameters: blocks.flatMap(parametersOf),
      norms: blocks.flatMap((block) => [...normsOf(block), shortcutNorm(shortcutOf(block))]),
      reads,
      isCausal: false,
      receptiveField: 1 + blocks.length * kernels.reduce((sum, kernel) => sum + kernel - 1, 0),
      features: (context) =>
        blocks.reduce((x, block) => residual(context, block, x), input.of(context)),
    };
  },
});

interface Block {
  /** E.g. `model.0`. */
  readonly name: string;
  /** Channels that come in. */
  readonly in: number;
  readonly out: number;
  readonly kernels: readonly number[];
}

/** Convolution, norm, ReLU by turns, numbered as in PyTorch's Sequential; the last ReLU is behind the sum. */
const layersOf = ({ name, kernels }: Block) =>
  kernels.map((kernel, index) => ({
    kernel,
    conv: `${name}.m.${3 * index}`,
    norm: `${name}.m.${3 * index + 1}`,
    relu: `${name}.m.${3 * index + 2}`,
  }));

function normsOf(block: Block): NormDescription[] {
  return layersOf(block).map(({ norm }) => ({ name: norm, channels: block.out }));
}

function shortcutOf(block: Block): Shortcut {
  const { name, out } = block;
  return { name: `${name}.shortcut`, in: block.in, out, convolves: block.in !== out };
}

function parametersOf(block: Block): ParameterDescription[] {
  const { out } = block;
  return [
    ...layersOf(block).flatMap(({ conv, norm, kernel }, index) => [
      ...convParameters(conv, { out, in: index === 0 ? block.in : out, kernel, bias: false }),
      ...normParameters({ name: norm, channels: out }),
    ]),
    ...shortcutParameters(shortcutOf(block)),
  ];
}

/** `[B, L, in]` → `[B, L, out]`. */
function residual(context: ForwardContext, block: Block, x: Tensor): Tensor {
  const { ops } = context;
  const layers = layersOf(block);
  const main = layers.reduce((h, { conv, norm, relu }, index) => {
    const layer = { name: conv, dilation: 1, bias: false, padding: 'same' } as const;
    const y = convBatchNorm(context, layer, norm, h);
    return index === layers.length - 1 ? y : ops.tap(relu, ops.relu(y));
  }, x);
  const beside = shortcut(context, shortcutOf(block), x);
  return ops.tap(block.name, ops.relu(ops.add(main, beside)));
}
