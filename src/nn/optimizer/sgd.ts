/** SGD with momentum as in PyTorch (the buffer starts as the first gradient); decay is decoupled. */
import { z } from 'zod';
import type { Tensor } from '../../engine/ops.ts';
import { defineOptimizer } from '../define.ts';
import { clipNormOption, clipped } from './clip.ts';
import { decayedBy, decays } from './decay.ts';

export const sgd = defineOptimizer({
  kind: 'sgd',
  options: z.strictObject({
    momentum: z.number().min(0).lt(1).default(0.9),
    weightDecay: z.number().min(0).default(0),
    clipNorm: clipNormOption,
  }),
  build: ({ momentum, weightDecay, clipNorm }) => ({
    momentCount: 1,
    decays,
    scalars: ({ learningRate }) => [learningRate * weightDecay, learningRate],
    apply: (ops, { parameters, gradient, moments, decayMask, scalars }) => {
      const { scalar, add, sub, mul } = ops;
      const [decay, rate] = scalars as readonly [Tensor, Tensor];
      const buffer = add(mul(moments[0]!, scalar(momentum)), clipped(ops, gradient, clipNorm));
      const decayed = weightDecay === 0 ? parameters : decayedBy(ops, parameters, decayMask, decay);
      return { parameters: sub(decayed, mul(buffer, rate)), moments: [buffer] };
    },
  }),
});
