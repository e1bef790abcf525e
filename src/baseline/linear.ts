/** Logistic and ridge regression on features that are known by their inner products. */
import { type DualModel, factoriseGram, type GramFactor } from '../solver/gram-factor.ts';
import { probabilitiesOf } from '../solver/linear-model.ts';
import { fitLogisticRegressionOnGram } from '../solver/logistic-regression.ts';
import { type Matrix, matrix } from '../solver/matrix.ts';
import { fitRidgeOnGram } from '../solver/ridge.ts';
import type { Output, Predict } from './baseline.ts';
import type { Examples } from './examples.ts';
import type { Target } from './target.ts';

/** Features of all examples. */
export interface Inputs {
  /** `[places, places]`: their inner products. */
  gram(places: Int32Array): Matrix;
  /** `[places, outputs]`: the scores of examples by a model that was fitted on `gram(training)`. */
  scores(model: DualModel, training: Int32Array, places: Int32Array): Matrix;
}

/** How much weaker than scikit-learn's default the penalty is: C of its logistic regression, 1 / alpha of its ridge. */
export type Strength = number;

/** A class is answered from this probability on, where a sequence may have several. */
const THRESHOLD = 0.5;
/** Probabilities have more than six digits. */
const TOLERANCE = 1e-8;

/** Fits of a draw, by strength. Classes: logistic regression, one against the rest where there may be several. */
export function linearFits(
  examples: Examples,
  target: Target,
  inputs: Inputs,
  training: Int32Array,
): (strength: Strength) => Predict {
  const factor = factoriseGram(inputs.gram(training));
  const truths = Array.from(training, (place) => examples.truths[place]!);
  switch (target.kind) {
    case 'numbers': {
      const y = matrix(training.length, target.size, Float64Array.from(truths.flatMap(numbersOf)));
      return (strength) => {
        const model = fitRidgeOnGram(factor, y, 1 / strength);
        return (places) => rowsOf(inputs.scores(model, training, places), (answer) => ({ answer }));
      };
    }
    case 'classes':
      return (strength) => {
        const models = Array.from({ length: target.size }, (_, label) => {
          const applies = truths.map((truth) => Number(Array.from(truth).includes(label)));
          return fitLogistic(factor, applies, 2, strength);
        });
        const model = oneAgainstRest(models);
        return (places) => rowsOf(inputs.scores(model, training, places), severalClasses);
      };
    default: {
      const labels = truths.map((truth) => truth[0]!);
      return (strength) => {
        const model = fitLogistic(factor, labels, target.size, strength);
        return (places) =>
          rowsOf(probabilitiesOf(inputs.scores(model, training, places)), mostLikely);
      };
    }
  }
}

const numbersOf = (values: ArrayLike<number>): number[] => Array.from(values);

const fitLogistic = (
  factor: GramFactor,
  labels: readonly number[],
  classes: number,
  strength: Strength,
): DualModel =>
  fitLogisticRegressionOnGram(factor, labels, { classes, l2: 1 / strength, tolerance: TOLERANCE });

/** The log odds of each class, from models of two classes each. */
function oneAgainstRest(models: readonly DualModel[]): DualModel {
  const rows = models[0]!.coefficients.columns;
  const coefficients = matrix(models.length, rows);
  for (const [label, { coefficients: of }] of models.entries()) {
    for (let i = 0; i < rows; i++) {
      coefficients.values[label * rows + i] = of.values[rows + i]! - of.values[i]!;
    }
  }
  const intercepts = models.map(({ intercepts: [not, applies] }) => applies! - not!);
  return { coefficients, intercepts: Float64Array.from(intercepts) };
}

function mostLikely(probabilities: Float64Array): Output {
  const answer = [probabilities.indexOf(Math.max(...probabilities))];
  return { answer, confidence: (truth) => logOf(probabilities[truth[0]!]!) };
}

function severalClasses(logOdds: Float64Array): Output {
  const probabilities = logOdds.map((odds) => 1 / (1 + Math.exp(-odds)));
  const answer = Array.from(probabilities, (p, label) => (p >= THRESHOLD ? label : -1));
  return {
    answer: answer.filter((label) => label >= 0),
    confidence: (truth) => {
      const actual = new Set(Array.from(truth));
      return probabilities.reduce((sum, p, label) => sum + logOf(actual.has(label) ? p : 1 - p), 0);
    },
  };
}

/** A probability of 0 must not decide alone. */
const logOf = (probability: number): number => Math.log(Math.max(probability, 1e-12));

function rowsOf(
  { rows, columns, values }: Matrix,
  outputOf: (row: Float64Array) => Output,
): Output[] {
  return Array.from({ length: rows }, (_, row) =>
    outputOf(values.subarray(row * columns, (row + 1) * columns)),
  );
}
