/** Baselines for symbols. */
import { symbolsOf } from '../data/facts.ts';
import type { Store } from '../data/format/store.ts';
import type { Baseline, Setting } from './baseline.ts';
import type { Examples } from './examples.ts';
import type { BaselineFamily } from './family.ts';
import type { Inputs } from './linear.ts';
import { byAlpha, byC, linearBaseline } from './linear-baseline.ts';
import { NGramInputs, NGrams, type Weighting } from './n-grams.ts';
import { type Distances, nearestBaseline } from './nearest.ts';
import { symbolTable } from './symbol-table.ts';
import type { Target } from './target.ts';

const LONGEST = 4;
/** Which n-grams stand side by side, the most plausible first. */
const CHOICES = [[2], [1], [3], [4], [1, 2, 3, 4]];
/** Rows of length 1 need weak penalties. */
const CS = [100, 10, 1000, 10_000].map(byC);
const ALPHAS = [0.01, 0.1, 0.001].map(byAlpha);

export function symbolBaselines(store: Pick<Store, 'manifest'>): BaselineFamily {
  const { channels, target } = store.manifest;
  const symbols = symbolsOf(store);
  if (target.kind === 'timestep-class') return ofTimesteps(symbols, store);
  const tables = Array.from({ length: LONGEST }, (_, i) => new NGrams(i + 1, symbols, channels));
  return {
    read: (values, isTrainable) => {
      for (const table of tables) table.add(values, isTrainable);
    },
    make: (examples, rules) => ({ baselines: rivalsOn(tables, examples, rules), leftOut: [] }),
  };
}

function rivalsOn(tables: readonly NGrams[], examples: Examples, target: Target): Baseline[] {
  const inputs = new NGramInputs(tables, examples.trainable);
  const settingOf = (orders: readonly number[], weighting: Weighting): Setting<Inputs> => ({
    value: inputs.of(orders, weighting),
    words: `n = ${orders.join('+')}`,
  });
  const isNumbers = target.kind === 'numbers';
  const model = isNumbers ? 'ridge' : 'logistic';
  const strengths = isNumbers ? ALPHAS : CS;
  const problem = { examples, target, loss: model } as const;
  const histogram = linearBaseline(problem, {
    name: 'histogram',
    about: `${model} regression on how frequent each symbol is`,
    inputs: [{ value: inputs.of([1], 'root'), words: '' }],
    strengths,
  });
  const nGrams = linearBaseline(problem, {
    name: `n-grams, ${model}`,
    about: `${model} regression on how frequent runs of 1 to ${LONGEST} symbols are`,
    inputs: CHOICES.map((orders) => settingOf(orders, 'root')),
    strengths,
  });
  const ridge = linearBaseline(
    { ...problem, loss: 'ridge' },
    {
      name: 'n-grams, ridge',
      about: `a ridge classifier on the logarithms of how often runs of 1 to ${LONGEST} symbols occur`,
      inputs: CHOICES.map((orders) => settingOf(orders, 'log')),
      strengths: ALPHAS,
    },
  );
  const nearest = nearestBaseline(examples, {
    name: '1-NN, bigrams',
    about: 'the labelled sequence with the most similar frequencies of pairs',
    distances: [{ value: bigramDistances(tables[1]!), words: '' }],
  });
  return [histogram, nGrams, ...(target.kind === 'class' ? [ridge] : []), nearest];
}

/** Squared Euclidean distances of rows of length 1; n-grams that only one of two has add to none of their products. */
function bigramDistances(bigrams: NGrams): Distances {
  return (from, to) =>
    bigrams.similarities('root', from, to).map((similarity) => 2 - 2 * similarity);
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
