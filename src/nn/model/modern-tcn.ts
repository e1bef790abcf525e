/**
 * A network of depthwise convolutions with large kernels and gated pointwise layers, after ModernTCN (Luo and Wang 2024)
 * and ConvNova (Bo et al. 2025). Unlike ModernTCN it mixes the channels of the data from the first layer on and keeps the
 * length, so that it also predicts single timesteps.
 */
import { z } from 'zod';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineModel } from '../define.ts';
import { batchNorm, conv, convBatchNorm } from '../layer/forward.ts';
import { convParameters, normParameters } from '../layer/parameters.ts';
import { chosenInput, inputOption } from './chosen-input.ts';
import type { NormDescription, ParameterDescription } from './model.ts';
import { channelsOption, dropoutOption } from './residual-network.ts';

const kernel = z.int().min(1).max(1023);

const options = z.strictObject({
  channels: channelsOption,
  /** Number of blocks. */
  depth: z.int().min(1).max(64).default(4),
  /** Kernel size of the first convolution, which sees all channels of the data. */
  stem: kernel.default(8),
  /** Kernel size of the depthwise convolution of each block. */
  kernel: kernel.default(51),
  /** How many times wider a block is inside. */
  expansion: z.int().min(1).max(16).default(2),
  input: inputOption,
  dropout: dropoutOption,
});

const STEM = 'stem';
const LAST_NORM = 'norm';

/** Receptive field: stem + depth · (kernel − 1) timesteps, 208 by default. */
export const modernTcn = defineModel({
  family: 'modern-tcn',
  options,
  build: ({ channels, depth, stem, kernel, expansion, dropout, ...choice }, facts) => {
    const { input, reads } = chosenInput(choice, facts);
    const first = { out: channels, in: input.channels, kernel: stem, bias: true };
    const blocks = Array.from(
      { length: depth },
      (_, index): Block => ({ name: `model.${index}`, channels, kernel, expansion, dropout }),
    );
    const lastNorm = { name: LAST_NORM, channels };
    return {
      channels,
      parameters: [
        ...convParameters(STEM, first),
        ...blocks.flatMap(parametersOf),
        ...normParameters(lastNorm),
      ],
      norms: [...blocks.map(normOf), lastNorm],
      reads,
      drops: dropout !== undefined && dropout > 0,
      isCausal: false,
      receptiveField: stem + depth * (kernel - 1),
      features: (context) => {
        const start = conv(context, layer(STEM), input.of(context));
        const mixed = blocks.reduce((x, block) => gatedBlock(context, block, x), start);
        return batchNorm(context, LAST_NORM, mixed);
      },
    };
  },
});

interface Block {
  /** E.g. `model.0`. */
  readonly name: string;
  readonly channels: number;
  readonly kernel: number;
  readonly expansion: number;
  readonly dropout: number | undefined;
}

const normOf = ({ name, channels }: Block): NormDescription => ({ name: `${name}.norm`, channels });

function parametersOf(block: Block): ParameterDescription[] {
  const { name, channels, kernel, expansion } = block;
  const wide = channels * expansion;
  const widen = { out: wide, in: channels, kernel: 1, bias: true };
  return [
    ...convParameters(`${name}.depthwise`, { out: channels, in: 1, kernel, bias: false }),
    ...normParameters(normOf(block)),
    ...convParameters(`${name}.expand`, widen),
    ...convParameters(`${name}.gate`, widen),
    ...convParameters(`${name}.project`, { out: channels, in: wide, kernel: 1, bias: true }),
  ];
}

/** x + project(GELU(expand(h)) · σ(gate(h))) with h = norm(depthwise(x)): `[B, L, C]` → `[B, L, C]`. */
function gatedBlock(context: ForwardContext, block: Block, x: Tensor): Tensor {
  const { ops } = context;
  const { name, channels } = block;
  const depthwise = { ...layer(`${name}.depthwise`), bias: false, groups: channels };
  const h = convBatchNorm(context, depthwise, `${name}.norm`, x);
  const wide = ops.gelu(conv(context, layer(`${name}.expand`), h));
  const gate = ops.sigmoid(conv(context, layer(`${name}.gate`), h));
  const mixed = ops.dropout(ops.mul(wide, gate), { layer: name, rate: block.dropout ?? 0 });
  const y = conv(context, layer(`${name}.project`), mixed);
  return ops.tap(name, ops.add(x, y));
}

const layer = (name: string) => ({ name, dilation: 1, bias: true, padding: 'same' }) as const;
