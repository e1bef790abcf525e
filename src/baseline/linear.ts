/** Logistic and ridge regression on features that are known by their inner products. */
import {
  centredGram,
  type DualModel,
  factoriseGram,
  type GramFactor,
} from '../solver/gram-factor.ts';
import { fitLogisticRegressionOnGram } from '../solver/logistic-regression.ts';
import { type Matrix, matrix } from '../solver/matrix.ts';
import { fitRidgeOnGram } from '../solver/ridge.ts';
import { softmax } from '../solver/softmax-loss.ts';
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

/** By what classes are learned. Numbers are always learned by least squares. */
export type Loss = 'logistic' | 'ridge';

/** Whether to fit as far as a choice among settings needs, or to more than six digits. */
export type Precision = 'rough' | 'exact';

const TOLERANCE: Readonly<Record<Precision, number>> = { rough: 1e-3, exact: 1e-6 };

/** A class is answered from this probability on, where a sequence may have several. */
const THRESHOLD = 0.5;

export interface LinearProblem {
  readonly examples: Examples;
  readonly target: Target;
  readonly loss: Loss;
}

/** Fits of a draw, by strength. Where there may be several classes, each is fitted against all others. */
export function linearFits(
  { examples, target, loss }: LinearProblem,
  inputs: Inputs,
  training: Int32Array,
): (strength: Strength, precision: Precision) => Predict {
  const gram = inputs.gram(training);
  const truths = Array.from(training, (place) => examples.truths[place]!);
  const predictor = (model: DualModel, outputOf: (scores: Float64Array) => Output): Predict => {
    return (places) => rowsOf(inputs.scores(model, training, places), outputOf);
  };
  const ridge = (y: number[][]) => {
    const values = matrix(training.length, target.size, Float64Array.from(y.flat()));
    const centred = centredGram(gram);
    return (strength: Strength) => fitRidgeOnGram(centred, values, 1 / strength);
  };
  const labelled = (label: number) => truths.map((truth) => Array.from(truth).includes(label));
  switch (target.kind) {
    case 'numbers': {
      const fit = ridge(truths.map(numbersOf));
      return (strength) => predictor(fit(strength), (scores) => ({ answer: scores }));
    }
    case 'classes': {
      const factor = factoriseGram(gram);
      return (strength, precision) => {
        const models = Array.from({ length: target.size }, (_, label) =>
          fitLogistic(factor, labelled(label).map(Number), 2, { strength, precision }),
        );
        return predictor(oneAgainstRest(models), severalClasses);
      };
    }
    default: {
      const labels = truths.map((truth) => truth[0]!);
      if (loss === 'ridge') {
        const fit = ridge(labels.map((label) => signsOf(label, target.size)));
        return (strength) => predictor(fit(strength), (scores) => ({ answer: [largest(scores)] }));
      }
      const factor = factoriseGram(gram);
      return (strength, precision) =>
        predictor(fitLogistic(factor, labels, target.size, { strength, precision }), mostLikely);
    }
  }
}

const signsOf = (label: number, classes: number): number[] =>
  Array.from({ length: classes }, (_, k) => (k === label ? 1 : -1));

const largest = (scores: Float64Array): number => scores.indexOf(Math.max(...scores));

const numbersOf = (values: ArrayLike<number>): number[] => Array.from(values);

const fitLogistic = (
  factor: GramFactor,
  labels: readonly number[],
  classes: number,
  { strength, precision }: { strength: Strength; precision: Precision },
): DualModel =>
  fitLogisticRegressionOnGram(factor, labels, {
    classes,
    l2: 1 / strength,
    tolerance: TOLERANCE[precision],
  });

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

/** The class with the largest logit. */
export function mostLikely(scores: Float64Array): Output {
  const probabilities = scores.slice();
  softmax(probabilities);
  const answer = [largest(probabilities)];
  return { answer, confidence: (truth) => logOf(probabilities[truth[0]!]!) };
}

/** The classes that apply rather than not. */
export function severalClasses(logOdds: Float64Array): Output {
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
