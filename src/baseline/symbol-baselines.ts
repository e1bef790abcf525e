/** Baselines for symbols. */
import { symbolsOf } from '../data/facts.ts';
import type { Store } from '../data/format/store.ts';
import type { Setting } from './baseline.ts';
import type { BaselineFamily } from './family.ts';
import type { Inputs } from './linear.ts';
import { linearBaseline } from './linear-baseline.ts';
import { NGramInputs, NGrams, similarities } from './n-grams.ts';
import { type Distances, nearestBaseline } from './nearest.ts';
import { symbolTable } from './symbol-table.ts';

const LONGEST = 4;
/** Which n-grams stand side by side, the most plausible first. */
const CHOICES = [[2], [1], [3], [4], [1, 2], [1, 2, 3], [1, 2, 3, 4]];
/** Rows of length 1 need a weak penalty. */
const STRENGTHS = [100, 1, 10, 1000, 10_000];

export function symbolBaselines(store: Pick<Store, 'manifest'>): BaselineFamily {
  const {
    channels,
    target: { kind },
  } = store.manifest;
  const symbols = symbolsOf(store);
  if (kind === 'timestep-class') return ofTimesteps(symbols, store);
  const tables = Array.from({ length: LONGEST }, (_, i) => new NGrams(i + 1, symbols, channels));
  return {
    read: (values, isTrainable) => {
      for (const table of tables) table.add(values, isTrainable);
    },
    make(examples, target) {
      const inputs = new NGramInputs(tables, examples.trainable);
      const settingOf = (orders: readonly number[]): Setting<Inputs> => ({
        value: inputs.of(orders),
        words: `n = ${orders.join('+')}`,
      });
      const model = target.kind === 'numbers' ? 'ridge' : 'logistic';
      return {
        baselines: [
          linearBaseline(examples, target, {
            name: 'histogram',
            about: `${model} regression on how frequent each symbol is`,
            inputs: [{ value: inputs.of([1]), words: '' }],
            strengths: STRENGTHS,
          }),
          linearBaseline(examples, target, {
            name: 'n-grams',
            about: `${model} regression on how frequent runs of 1 to ${LONGEST} symbols are`,
            inputs: CHOICES.map(settingOf),
            strengths: STRENGTHS,
          }),
          nearestBaseline(examples, {
            name: '1-NN, bigrams',
            about: 'the labelled sequence with the most similar frequencies of pairs',
            distances: [{ value: bigramDistances(tables[1]!), words: '' }],
          }),
        ],
        leftOut: [],
      };
    },
  };
}

/** Squared Euclidean distances of rows of length 1; n-grams that only one of two has add to none of their products. */
function bigramDistances(bigrams: NGrams): Distances {
  return (from, to) => {
    const distances = new Float64Array(to.length);
    similarities(bigrams, from, to, (i, similarity) => {
      distances[i] = 2 - 2 * similarity;
    });
    return distances;
  };
}

function ofTimesteps(symbols: number, { manifest }: Pick<Store, 'manifest'>): BaselineFamily {
  const { channels, classes } = manifest;
  const leftOut = [
    'For a class of each timestep there is no baseline of whole sequences: n-grams and 1-NN are left out.',
  ];
  if (channels > 1) return { read: () => {}, make: () => ({ baselines: [], leftOut }) };
  const values: ArrayLike<number>[] = [];
  return {
    read: (one) => values.push(one),
    make: (examples) => ({
      baselines: [symbolTable(examples, values, symbols, classes.length)],
      leftOut,
    }),
  };
}
