/** What the choice of test groups adds to the variance of a difference between two classifiers. */
import { bootstrapVariance, drawGroups, type Resamples } from '../statistics/group-bootstrap.ts';
import type { Source } from '../statistics/interval.ts';
import type { MeasuredResult } from './cell.ts';

/** Answers to the same test sequences: each pair is one repeat at one label count. */
export interface PairedHits {
  readonly treated: MeasuredResult;
  readonly control: MeasuredResult;
}

/** The test sequences of a dataset, by groups: groups are drawn anew as wholes. */
export class TestGroups {
  readonly #groupOf: ReadonlyMap<number, number>;
  readonly #resamples: Resamples;

  /** @param groupOf number of the group of each test sequence, by its number in the store */
  constructor(groupOf: ReadonlyMap<number, number>, seed: number) {
    this.#groupOf = groupOf;
    this.#resamples = drawGroups(new Set(groupOf.values()).size, seed);
  }

  /**
   * Variance of the mean difference of accuracy over all pairs.
   * @param sequences numbers of the test sequences of both, in the order of their hits
   * @returns undefined where it is not known of each sequence whether it was right
   */
  variance(sequences: readonly number[], pairs: readonly PairedHits[]): Source | undefined {
    const groups = this.#resamples[0]!.length;
    if (groups < 2 || pairs.some(({ treated, control }) => !(treated.hits && control.hits))) {
      return undefined;
    }
    const [gains, sizes] = [new Float64Array(groups), new Float64Array(groups)];
    for (const [place, sequence] of sequences.entries()) {
      const group = this.#groupOf.get(sequence)!;
      sizes[group]! += pairs.length;
      for (const { treated, control } of pairs) {
        gains[group]! += Number(treated.hits![place]) - Number(control.hits![place]);
      }
    }
    const variance = bootstrapVariance(
      this.#resamples,
      (times) => dot(times, gains) / Math.max(1, dot(times, sizes)),
    );
    return { variance, freedom: groups - 1 };
  }
}

function dot(times: Uint16Array, values: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += times[i]! * values[i]!;
  return sum;
}
