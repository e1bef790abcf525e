/** A run's first weights: a pure function of the seed and each parameter's name. */

import { nameKey } from '../core/name-key.ts';
import { type RandomStream, randomStream } from '../core/random.ts';
import type { StateLayout, TrainState } from '../engine/engine.ts';
import type { ParameterDescription } from './model/model.ts';

export interface InitialStateOptions {
  readonly seed: number;
  /** Different numbers draw different weights. @default 0 */
  readonly draw?: number;
  readonly momentCount: number;
}

/** @param described the layout's parameters, in its order */
export function initialState(
  described: readonly ParameterDescription[],
  layout: StateLayout,
  { seed, draw = 0, momentCount }: InitialStateOptions,
): TrainState {
  const parameters = new Float32Array(layout.parameterCount);
  for (const [index, { name, initial }] of described.entries()) {
    const { offset, size } = layout.parameters[index]!;
    const target = parameters.subarray(offset, offset + size);
    if (initial.kind === 'constant') target.fill(initial.value);
    else {
      const stream = randomStream(seed, 'initial-weights', nameKey(name), draw);
      fillUniform(target, initial.bound, stream);
    }
  }
  const statistics = new Float32Array(layout.statisticCount);
  for (const { name, offset, size } of layout.statistics) {
    if (name.endsWith('.running_var')) statistics.fill(1, offset, offset + size);
  }
  return { parameters, statistics, moments: zeroMoments(layout, momentCount) };
}

/** What an optimizer starts a phase with. */
export function zeroMoments(layout: StateLayout, momentCount: number): Float32Array[] {
  return Array.from({ length: momentCount }, () => new Float32Array(layout.parameterCount));
}

function fillUniform(target: Float32Array, bound: number, stream: RandomStream): void {
  for (let index = 0; index < target.length; index++) {
    target[index] = (2 * stream.uniform(index) - 1) * bound;
  }
}
