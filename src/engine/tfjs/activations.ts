/** Activation functions with their gradients. All but the sigmoid keep 0 at 0, and so the padding. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { BatchContext } from './batch-context.ts';
import { differentiable } from './differentiable.ts';
import type { Kernels } from './kernels.ts';
import type { TfjsLibrary } from './library.ts';

type Activation = (x: Tensor) => Tensor;

export interface Activations {
  readonly relu: Activation;
  readonly gelu: Activation;
  readonly silu: Activation;
  readonly tanh: Activation;
  readonly sigmoid: Activation;
}

export function makeActivations(
  tf: TfjsLibrary,
  kernels: Kernels,
  { fillPadding }: BatchContext,
): Activations {
  const { add, sub, mul, square, exp, erf } = kernels;
  const times = (x: Tensor, factor: number) => mul(x, tf.scalar(factor));
  const plusOne = (x: Tensor) => add(x, tf.scalar(1));
  const oneMinus = (x: Tensor) => sub(tf.scalar(1), x);
  const isActivation = (x: Tensor) => x.rank === 4;

  return {
    relu: differentiable(
      tf,
      (x) => {
        const y = kernels.relu(x);
        return { y, keep: [y] };
      },
      (dy, [y]) => kernels.reluGradient(dy, y!),
    ),
    gelu: differentiable(
      tf,
      (x) => {
        const probability = times(plusOne(erf(times(x, Math.SQRT1_2))), 0.5);
        return { y: mul(x, probability), keep: [x, probability] };
      },
      (dy, [x, probability]) => {
        const density = times(exp(times(square(x!), -0.5)), 1 / Math.sqrt(2 * Math.PI));
        return mul(dy, add(probability!, mul(x!, density)));
      },
    ),
    silu: differentiable(
      tf,
      (x) => {
        const gate = kernels.sigmoid(x);
        const y = mul(x, gate);
        return { y, keep: [gate, y] };
      },
      (dy, [gate, y]) => mul(dy, add(gate!, mul(y!, oneMinus(gate!)))),
    ),
    tanh: differentiable(
      tf,
      (x) => {
        const y = kernels.tanh(x);
        return { y, keep: [y] };
      },
      (dy, [y]) => mul(dy, oneMinus(square(y!))),
    ),
    sigmoid: differentiable(
      tf,
      (x) => {
        const all = kernels.sigmoid(x);
        const y = isActivation(x) ? fillPadding(all) : all;
        return { y, keep: [y] };
      },
      (dy, [y]) => mul(dy, mul(y!, oneMinus(y!))),
    ),
  };
}
