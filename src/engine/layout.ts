/** Computes the offsets in a session's flat vectors. */
import type { LeafLayout, Slot, StateLayout } from './engine.ts';

/** A tensor to lay out. */
export interface NamedShape {
  readonly name: string;
  readonly shape: readonly number[];
}

/** Lays tensors out one after another, in the given order. */
export function layOut(tensors: readonly NamedShape[]): { slots: Slot[]; size: number } {
  let size = 0;
  const slots = tensors.map(({ name, shape }): Slot => {
    const slot = { name, shape, offset: size, size: shape.reduce((a, b) => a * b, 1) };
    size += slot.size;
    return slot;
  });
  return { slots, size };
}

/**
 * The layout of a model's state.
 * @param norms BatchNorm layers in the order of the forward pass
 */
export function makeStateLayout(
  parameters: readonly NamedShape[],
  norms: readonly { name: string; channels: number }[],
): StateLayout {
  const laidOut = layOut(parameters);
  const statistics = layOut(
    norms.flatMap(({ name, channels }) => [
      { name: `${name}.running_mean`, shape: [channels] },
      { name: `${name}.running_var`, shape: [channels] },
    ]),
  );
  return {
    parameters: laidOut.slots,
    parameterCount: laidOut.size,
    statistics: statistics.slots,
    statisticCount: statistics.size,
  };
}

/**
 * The layout of a leaf.
 * @param sums names of the objective's sums, `loss` and `weight` first
 */
export function makeLeafLayout(
  state: StateLayout,
  sums: readonly string[],
  norms: readonly { name: string; channels: number }[],
): LeafLayout {
  let offset = state.parameterCount + sums.length;
  const normLayers = norms.map(({ name, channels }) => {
    const layer = { name, channels, offset };
    offset += 1 + 2 * channels;
    return layer;
  });
  return {
    parameterCount: state.parameterCount,
    sums,
    sumOffset: state.parameterCount,
    normLayers,
    size: offset,
  };
}
