/** Descriptions of the layers' parameters, with PyTorch's default initialisation. */
import type { NormDescription, ParameterDescription } from '../model/model.ts';

/**
 * U(±1/√fanIn) for weight and bias: what PyTorch's Kaiming-uniform with a = √5 comes to (He et al. 2015,
 * with the gain that torch.nn.Linear and Conv1d use).
 */
function dense(name: string, shape: readonly number[], withBias: boolean): ParameterDescription[] {
  const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
  const initial = { kind: 'uniform', bound: 1 / Math.sqrt(fanIn) } as const;
  const weight = { name: `${name}.weight`, shape, initial };
  return withBias ? [weight, { name: `${name}.bias`, shape: [shape[0]!], initial }] : [weight];
}

/** `weight` `[out, in, kernel]` and, if wanted, `bias` `[out]`. */
export function convParameters(
  name: string,
  size: { out: number; in: number; kernel: number; bias: boolean },
): ParameterDescription[] {
  return dense(name, [size.out, size.in, size.kernel], size.bias);
}

/** `weight` `[out, in]` and `bias` `[out]`. */
export function linearParameters(
  name: string,
  size: { out: number; in: number },
): ParameterDescription[] {
  return dense(name, [size.out, size.in], true);
}

/** `weight` and `bias` `[channels]`: 1 and 0. */
export function normParameters({ name, channels }: NormDescription): ParameterDescription[] {
  return [
    { name: `${name}.weight`, shape: [channels], initial: { kind: 'constant', value: 1 } },
    { name: `${name}.bias`, shape: [channels], initial: { kind: 'constant', value: 0 } },
  ];
}
