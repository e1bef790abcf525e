/** A linear model on what is counted in a sequence. */
import { weighed } from '../nn/gram/weighting.ts';
import type { Matrix } from '../solver/matrix.ts';
import type { SparseRow } from '../solver/whitening.ts';
import { BLOCKS, type Block, columnsOf, FeatureCounter, type FeatureOptions } from './features.ts';

export interface NgramModel {
  readonly features: FeatureOptions;
  /** How much each column tells, n-grams first. */
  readonly importance: Float32Array;
  /** `[outputs, columns]`: what a unit of each column adds to the scores. */
  readonly weights: Matrix;
  /** `[outputs]`. */
  readonly intercepts: Float64Array;
  /** Scores times this are the logits of probabilities; 1 where the scores are numbers. */
  readonly sharpness: number;
}

/** Where the columns of a kind of features begin among all. */
export const firstColumn = (features: FeatureOptions, block: Block): number =>
  block === 'n-grams' ? 0 : columnsOf(features, 'n-grams');

export class NgramPredictor {
  readonly #model: NgramModel;
  readonly #counter: FeatureCounter;
  readonly #importance: Readonly<Record<Block, Float64Array>>;

  constructor(model: NgramModel) {
    const { features, importance } = model;
    const of = (block: Block) => {
      const first = firstColumn(features, block);
      return Float64Array.from(importance.subarray(first, first + columnsOf(features, block)));
    };
    this.#model = model;
    this.#counter = new FeatureCounter(features);
    this.#importance = { 'n-grams': of('n-grams'), pairs: of('pairs') };
  }

  /** `[outputs]`: logits, or numbers as they were fitted. */
  outputs(sequence: ArrayLike<number>): Float32Array {
    const { features, intercepts, sharpness } = this.#model;
    const scores = intercepts.slice();
    for (const block of BLOCKS) {
      const roots = this.#counter.rootsOfShares(sequence, block);
      this.#add(scores, weighed(roots, this.#importance[block]), firstColumn(features, block));
    }
    return Float32Array.from(scores, (score) => sharpness * score);
  }

  #add(scores: Float64Array, { columns, values }: SparseRow, first: number): void {
    const { weights } = this.#model;
    for (let k = 0; k < scores.length; k++) {
      const start = k * weights.columns + first;
      for (let i = 0; i < columns.length; i++) {
        scores[k]! += values[i]! * weights.values[start + columns[i]!]!;
      }
    }
  }
}
