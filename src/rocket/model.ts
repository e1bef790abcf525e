/** A fitted rocket, ready to predict. */

import type { Series } from './convolver.ts';
import { Features } from './features.ts';
import { type Head, headOutputs } from './head.ts';
import type { RocketTransform } from './transform.ts';

export interface RocketModel {
  readonly transform: RocketTransform;
  /** Of the transform's features, then of those that are given. */
  readonly head: Head;
}

export class RocketPredictor {
  readonly #features: Features;
  readonly #head: Head;

  constructor({ transform, head }: RocketModel) {
    this.#features = new Features(transform);
    this.#head = head;
  }

  /** The transform's features of a sequence, then the given ones. */
  features(series: Series, given: ArrayLike<number>): Float64Array {
    const all = new Float64Array(this.#features.count + given.length);
    this.#features.write(series, all);
    all.set(given, this.#features.count);
    return all;
  }

  /** `[outputs]`: logits, or numbers as they were fitted. */
  outputs(features: Float64Array): Float32Array {
    return headOutputs(this.#head, features);
  }
}
