/** One nearest neighbour: the answer is what is true of the most similar labelled sequence. */
import { type Baseline, best, type Output, type Predict, type Setting } from './baseline.ts';
import type { Examples } from './examples.ts';

/** How far examples are from others. @returns a distance for each of `to` */
export type Distances = (from: number, to: Int32Array) => Float64Array;

export interface NearestOptions {
  readonly name: string;
  readonly about: string;
  /** Distances to choose from, the most plausible first. */
  readonly distances: readonly Setting<Distances>[];
}

export function nearestBaseline(
  examples: Examples,
  { name, about, distances }: NearestOptions,
): Baseline {
  const known = distances.map(({ value, words }) => ({
    value: remembered(value, examples),
    words,
  }));
  return {
    name,
    about,
    choose(judge) {
      const fitOf = (one: Distances) => (training: Int32Array) => nearest(examples, training, one);
      const { value, words } = best(known, fitOf, judge);
      return { setting: words, fit: fitOf(value) };
    },
  };
}

function nearest({ truths }: Examples, training: Int32Array, distances: Distances): Predict {
  const outputOf = (place: number): Output => {
    const far = distances(place, training);
    let closest = 0;
    for (let i = 1; i < far.length; i++) if (far[i]! < far[closest]!) closest = i;
    return { answer: truths[training[closest]!]! };
  };
  return (places) => Array.from(places, outputOf);
}

/** Draws overlap: the distances of an example to all others of any draw are computed once. */
function remembered(distances: Distances, { trainable }: Examples): Distances {
  const all = Int32Array.from({ length: trainable }, (_, place) => place);
  const known = new Map<number, Float64Array>();
  return (from, to) => {
    const row = known.get(from) ?? distances(from, all);
    known.set(from, row);
    const some = new Float64Array(to.length);
    for (let i = 0; i < to.length; i++) some[i] = row[to[i]!]!;
    return some;
  };
}
