import { z } from 'zod';

const channels = z.int().min(1).max(4096).default(64);
/** The value of a masked timestep in a one-channel input. It must lie outside the data's range; 0 is a symbol. */
const maskValue = z.number().default(-1);
/** A safetensors file from which `fresh` phases start instead of random weights. Names must match. */
const initialWeights = z.string().optional();

/** The first user's network: one residual block, receptive field of 5 timesteps. */
const referenceModel = z.strictObject({
  family: z.literal('reference'),
  channels,
  maskValue,
  initialWeights,
});

/** Dilated residual network: receptive field 1 + (kernel − 1) · Σ(dilation + 1) timesteps. */
const dilated = {
  channels,
  /** `embedding` gives each integer symbol a vector; `value` feeds the number itself. */
  input: z.enum(['embedding', 'value']).default('embedding'),
  /** Dilation of the first convolution of each residual block. */
  dilations: z
    .array(z.int().min(1).max(16384))
    .min(1)
    .max(64)
    .default([1, 2, 4, 8, 16, 32, 64, 128]),
  maskValue,
  initialWeights,
};
const kernel = z.int().min(1).max(63);

const dilatedModel = z.strictObject({
  family: z.literal('dilated'),
  ...dilated,
  /** Odd kernel size of every convolution in the blocks. */
  kernel: kernel.refine((k) => k % 2 === 1, 'must be odd').default(3),
});

/** The same, but it sees only the past. A norm over the channels of each position replaces BatchNorm. */
const causalModel = z.strictObject({
  family: z.literal('causal'),
  ...dilated,
  /** Kernel size of every convolution in the blocks. */
  kernel: kernel.default(3),
});

export const modelSection = z.discriminatedUnion('family', [
  referenceModel,
  dilatedModel,
  causalModel,
]);

export type ModelConfig = z.output<typeof modelSection>;
