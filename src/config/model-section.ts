import { z } from 'zod';

const channels = z.int().min(1).max(4096).default(64);
/** Held by a masked step of a one-channel input: outside the data's range. 0 is a symbol. */
const maskValue = z.number().default(-1);
/** A safetensors file to start a `fresh` phase from instead of random weights; names must match. */
const initialWeights = z.string().optional();

/** The first user's network: one residual block, receptive field of 5 steps. */
const referenceModel = z.strictObject({
  family: z.literal('reference'),
  channels,
  maskValue,
  initialWeights,
});

/** Dilated residual network: receptive field 1 + (kernel − 1) · Σ(dilation + 1) steps. */
const dilatedModel = z.strictObject({
  family: z.literal('dilated'),
  channels,
  /** `embedding` gives each integer symbol a vector; `value` feeds the number itself. */
  input: z.enum(['embedding', 'value']).default('embedding'),
  /** Dilation of the first convolution of each residual block. */
  dilations: z
    .array(z.int().min(1).max(16384))
    .min(1)
    .max(64)
    .default([1, 2, 4, 8, 16, 32, 64, 128]),
  /** Odd kernel size of every convolution in the blocks. */
  kernel: z
    .int()
    .min(1)
    .max(63)
    .refine((k) => k % 2 === 1, 'must be odd')
    .default(3),
  maskValue,
  initialWeights,
});

export const modelSection = z.discriminatedUnion('family', [referenceModel, dilatedModel]);

export type ModelConfig = z.output<typeof modelSection>;
