/**
 * An encoder for long sequences: each stage has a part of the timesteps of the one before, as in the residual network of
 * 18 layers of He et al. (2016), here in one dimension. A decoder leads back to the single timesteps, with what each stage
 * saw beside it (U-Net, Ronneberger et al. 2015).
 */
import { z } from 'zod';
import type { ForwardContext } from '../../engine/engine.ts';
import type { Tensor } from '../../engine/ops.ts';
import { defineModel } from '../define.ts';
import { convBatchNorm } from '../layer/forward.ts';
import { convParameters, normParameters } from '../layer/parameters.ts';
import {
  type StridedBlock,
  stridedBlock,
  stridedBlockNorms,
  stridedBlockParameters,
} from '../layer/strided-block.ts';
import { chosenInput, inputOption } from './chosen-input.ts';
import type { NormDescription, ParameterDescription } from './model.ts';
import { dropoutOption } from './residual-network.ts';

const kernel = z
  .int()
  .min(1)
  .max(255)
  .refine((k) => k % 2 === 1, 'must be odd');

const options = z.strictObject({
  /** Channels of each stage. */
  stages: z.array(z.int().min(1).max(4096)).min(1).max(8).default([64, 128, 256, 512]),
  /** Residual blocks of each stage. */
  depth: z.int().min(1).max(64).default(2),
  /** Of how many positions one becomes: twice before the first stage, and once before each other one. */
  stride: z.int().min(2).max(8).default(2),
  /** Kernel size of the first convolution. */
  stem: kernel.default(7),
  /** Kernel size of all others. */
  kernel: kernel.default(3),
  /** Whether it has features for each timestep. */
  decoder: z.boolean().default(false),
  input: inputOption,
  dropout: dropoutOption,
});

type StridedOptions = z.output<typeof options>;

/** 1 / 32 of the timesteps in the last stage, receptive field of 435 timesteps by default. */
export const strided = defineModel({
  family: 'strided',
  options,
  build: (given, facts) => {
    const { stages, stride, stem, decoder, dropout = 0 } = given;
    const { input, reads } = chosenInput(given, facts);
    const first = unit('stem', { in: input.channels, out: stages[0]!, kernel: stem, stride });
    const blocks = stages.map((_, stage) => blocksOf(given, stage));
    const ups = decoder ? upsOf(given, input.channels) : [];
    return {
      channels: decoder ? stages[0]! : stages.at(-1)!,
      parameters: [
        ...unitParameters(first),
        ...blocks.flat().flatMap(stridedBlockParameters),
        ...ups.flatMap(unitParameters),
      ],
      norms: [unitNorm(first), ...blocks.flat().flatMap(stridedBlockNorms), ...ups.map(unitNorm)],
      reads,
      drops: dropout > 0,
      isCausal: false,
      stride: decoder ? 1 : stride ** (stages.length + 1),
      receptiveField: receptiveFieldOf(given),
      features: (context) => {
        const start = input.of(context);
        const skips = encode(context, { first, blocks, stride }, start);
        return ups.reduce(
          (x, up, index) => climb(context, { up, skips, index, stride }, x),
          skips.at(-1)!,
        );
      },
    };
  },
});

/** A convolution with its norm, in front of a ReLU; numbered 0 and 1 as in PyTorch's Sequential. */
interface Unit {
  readonly name: string;
  readonly in: number;
  readonly out: number;
  readonly kernel: number;
  readonly stride: number;
}

const unit = (name: string, sizes: Omit<Unit, 'name'>): Unit => ({ name, ...sizes });

const unitNorm = ({ name, out }: Unit): NormDescription => ({ name: `${name}.1`, channels: out });

function unitParameters(unit: Unit): ParameterDescription[] {
  const { name, out, kernel } = unit;
  return [
    ...convParameters(`${name}.0`, { out, in: unit.in, kernel, bias: false }),
    ...normParameters(unitNorm(unit)),
  ];
}

function applyUnit(context: ForwardContext, { name, stride }: Unit, x: Tensor): Tensor {
  const layer = { name: `${name}.0`, dilation: 1, bias: false, padding: 'same', stride } as const;
  const y = context.ops.relu(convBatchNorm(context, layer, `${name}.1`, x));
  return context.ops.tap(name, y);
}

function blocksOf(
  { stages, depth, stride, kernel, dropout }: StridedOptions,
  stage: number,
): StridedBlock[] {
  const out = stages[stage]!;
  return Array.from({ length: depth }, (_, index) => ({
    name: `model.${stage}.${index}`,
    in: index > 0 || stage === 0 ? out : stages[stage - 1]!,
    out,
    kernel,
    stride: index === 0 && stage > 0 ? stride : 1,
    dropout,
  }));
}

/** The decoder's units, from the last stage to the single timesteps: each sees what is below it and what is beside it. */
function upsOf({ stages, kernel }: StridedOptions, inputs: number): Unit[] {
  // Beside it are the stages before the last one, the stem, and the input.
  const beside = [inputs, stages[0]!, ...stages.slice(0, -1)].reverse();
  const out = [stages[0]!, stages[0]!, ...stages.slice(0, -1)].reverse();
  return beside.map((skip, index) => {
    const below = index === 0 ? stages.at(-1)! : out[index - 1]!;
    return unit(`up.${index}`, { in: below + skip, out: out[index]!, kernel, stride: 1 });
  });
}

interface Encoder {
  readonly first: Unit;
  readonly blocks: readonly (readonly StridedBlock[])[];
  readonly stride: number;
}

/** The input, the stem's and each stage's activations: each has every `stride`-th position of the one before. */
function encode(context: ForwardContext, { first, blocks, stride }: Encoder, x: Tensor): Tensor[] {
  const stem = applyUnit(context, first, x);
  const afterStem = coarser(context, stride);
  const pooled = afterStem.ops.maxPool1d(stem, 2 * stride - 1, stride);
  let stage = { context: coarser(afterStem, stride), x: pooled };
  const all = [x, stem];
  for (const ofStage of blocks) {
    for (const block of ofStage) {
      const y = stridedBlock(stage.context, block, stage.x);
      stage = { context: coarser(stage.context, block.stride), x: y };
    }
    all.push(stage.x);
  }
  return all;
}

/** One step up the decoder: the activations below, repeated, beside those of the encoder. */
function climb(
  context: ForwardContext,
  { up, skips, index, stride }: { up: Unit; skips: Tensor[]; index: number; stride: number },
  x: Tensor,
): Tensor {
  const level = skips.length - 2 - index;
  const here = coarser(context, stride ** level);
  const { ops } = here;
  return applyUnit(here, up, ops.concatChannels([ops.upsample(x, stride), skips[level]!]));
}

function coarser(context: ForwardContext, stride: number): ForwardContext {
  return { ...context, ops: context.ops.coarser(stride) };
}

/** Timesteps that the features of one position see; with a decoder, that those of a timestep see at most. */
function receptiveFieldOf({
  stages,
  depth,
  stride,
  stem,
  kernel,
  decoder,
}: StridedOptions): number {
  const reach = kernel - 1;
  let jump = stride;
  let field = stem + (2 * stride - 2) * jump;
  jump *= stride;
  for (const stage of stages.keys()) {
    if (stage > 0) field += reach * jump;
    if (stage > 0) jump *= stride;
    field += (2 * depth - (stage > 0 ? 1 : 0)) * reach * jump;
  }
  if (!decoder) return field;
  let seen = 1;
  for (let level = 0; level <= stages.length; level++) {
    seen += reach;
    seen = Math.ceil((seen - 1) / stride) + 1;
  }
  return field + (seen - 1) * jump;
}
