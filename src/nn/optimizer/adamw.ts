/** AdamW: Loshchilov and Hutter 2019; ε is added after the bias correction, as in PyTorch. */
import { z } from 'zod';
import type { Tensor } from '../../engine/ops.ts';
import { defineOptimizer } from '../define.ts';
import { clipNormOption, clipped } from './clip.ts';
import { decayedBy, decays } from './decay.ts';

const fraction = z.number().min(0).lt(1);

export const adamw = defineOptimizer({
  kind: 'adamw',
  options: z.strictObject({
    beta1: fraction.default(0.9),
    beta2: fraction.default(0.999),
    epsilon: z.number().positive().default(1e-8),
    /** Decoupled; applied to weights of two or more dimensions. */
    weightDecay: z.number().min(0).default(0.01),
    clipNorm: clipNormOption,
  }),
  build: ({ beta1, beta2, epsilon, weightDecay, clipNorm }) => ({
    momentCount: 2,
    decays,
    scalars: ({ learningRate, step }) => [
      learningRate * weightDecay,
      learningRate / (1 - beta1 ** step),
      Math.sqrt(1 - beta2 ** step),
    ],
    apply: (ops, { parameters, gradient, moments, decayMask, scalars }) => {
      const { scalar, add, sub, mul, div, sqrt } = ops;
      const [decay, rate, squareCorrection] = scalars as readonly [Tensor, Tensor, Tensor];
      const g = clipped(ops, gradient, clipNorm);
      const [oldMean, oldSquare] = moments as readonly [Tensor, Tensor];
      const mean = add(mul(oldMean, scalar(beta1)), mul(g, scalar(1 - beta1)));
      const square = add(mul(oldSquare, scalar(beta2)), mul(mul(g, g), scalar(1 - beta2)));
      const deviation = add(div(sqrt(square), squareCorrection), scalar(epsilon));
      const update = mul(div(mean, deviation), rate);
      const decayed = weightDecay === 0 ? parameters : decayedBy(ops, parameters, decayMask, decay);
      return { parameters: sub(decayed, update), moments: [mean, square] };
    },
  }),
});
