/** The optimizers by name, as element-wise updates of flat vectors. */
import type { OptimizerConfig } from '../../config/phase-section.ts';
import type { Slot, UpdateRule } from '../../engine/engine.ts';
import type { ElementwiseOps, Tensor } from '../../engine/ops.ts';
import { clipByGlobalNorm } from './clip.ts';

type Adamw = Extract<OptimizerConfig, { kind: 'adamw' }>;
type Sgd = Extract<OptimizerConfig, { kind: 'sgd' }>;

/** Weight decay leaves biases and norm scales alone. */
const decays = (slot: Slot): boolean => slot.shape.length >= 2;

export function makeUpdateRule(config: OptimizerConfig): UpdateRule {
  return config.kind === 'adamw' ? adamw(config) : sgd(config);
}

/** AdamW: Loshchilov and Hutter 2019; ε is added after the bias correction, as in PyTorch. */
function adamw({ beta1, beta2, epsilon, weightDecay, clipNorm }: Adamw): UpdateRule {
  return {
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
  };
}

/** SGD with momentum as in PyTorch (the buffer starts as the first gradient); decay is decoupled. */
function sgd({ momentum, weightDecay, clipNorm }: Sgd): UpdateRule {
  return {
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
  };
}

function clipped(ops: ElementwiseOps, gradient: Tensor, clipNorm: number | undefined): Tensor {
  return clipNorm === undefined ? gradient : clipByGlobalNorm(ops, gradient, clipNorm);
}

/** p ← p − amount · p where the mask is 1. */
function decayedBy(ops: ElementwiseOps, parameters: Tensor, mask: Tensor, amount: Tensor): Tensor {
  return ops.sub(parameters, ops.mul(ops.mul(parameters, mask), amount));
}
