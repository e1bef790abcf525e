/** Fits a model of n-grams: in closed form, the same bits every time. */
import { importanceOf, weighed } from '../nn/gram/weighting.ts';
import { type HeadTask, sharpnessOf } from '../rocket/sharpness.ts';
import type { Eigenpairs } from '../solver/eigen.ts';
import { type Matrix, matrix, multiplyByTransposed } from '../solver/matrix.ts';
import type { SparseRow } from '../solver/whitening.ts';
import { meanGain } from '../statistics/mean-gain.ts';
import { type Candidate, candidates, directionsOf } from './candidates.ts';
import { BLOCKS, type Block, columnsOf, FeatureCounter, type FeatureOptions } from './features.ts';
import { firstColumn, type NgramModel } from './model.ts';
import { centredProducts, type Products } from './products.ts';

/** How many of the best candidates are averaged: which one is best alone is partly luck. */
const AVERAGED = 5;
/** Pairs replace n-grams for a gain of more standard errors. */
const CERTAIN = 2;

export interface NgramSequences {
  readonly features: FeatureOptions;
  /** Training sequences, with or without a label: at least two. */
  readonly fitted: AsyncIterable<ArrayLike<number>>;
  /** Sequences that choose; where there are none, each labelled one is judged by the others. */
  readonly judges: AsyncIterable<ArrayLike<number>>;
}

/** What is known of sequences without a label: fits with other labels share it. */
export interface NgramMaterial {
  readonly features: FeatureOptions;
  readonly rows: Readonly<Partial<Record<Block, BlockRows>>>;
}

export interface NgramProblem {
  readonly task: HeadTask;
  /** Which of the fitted sequences have labels, and what they are: `[labelled, outputs]`. */
  readonly labelled: Int32Array;
  readonly y: Matrix;
  /** `[judges, outputs]`. */
  readonly judgesY: Matrix;
  /** `[judges]`: each one's group; of the labelled sequences where there are no judges. */
  readonly groups: readonly string[];
  /** How well scores fit targets: more is better. */
  readonly merit: (scores: Matrix, y: Matrix) => number;
  /** `[rows]`: the same of each row by itself. */
  readonly rowMerits: (scores: Matrix, y: Matrix) => Float64Array;
}

/** One of the linear models that were averaged. */
export interface NgramChoice {
  readonly block: Block;
  readonly directions: number | undefined;
  readonly alpha: number;
}

export interface FittedNgrams {
  readonly model: NgramModel;
  /** The averaged ones, the best first. */
  readonly choices: readonly NgramChoice[];
  /** Of the average, where it was chosen. */
  readonly merit: number;
}

interface Judged extends NgramChoice {
  readonly candidate: Candidate;
  /** `[judges, outputs]`. */
  readonly scores: Matrix;
  readonly merit: number;
  /** Mean squared error; tells equal merits apart. */
  readonly error: number;
}

/** The rows of one kind of features. */
interface BlockRows {
  readonly importance: Float64Array;
  readonly fitted: readonly SparseRow[];
  readonly products: Products;
  readonly directions: Eigenpairs;
}

export function fitNgrams({ features, rows }: NgramMaterial, problem: NgramProblem): FittedNgrams {
  const { task, judgesY, y, merit } = problem;
  const truths = judgesY.rows > 0 ? judgesY : y;
  const [first, ...others] = BLOCKS.flatMap((block) => {
    if (rows[block] === undefined) return [];
    const judged = judge(problem, block, rows[block], truths);
    const best = judged.sort((a, b) => b.merit - a.merit || a.error - b.error).slice(0, AVERAGED);
    const scores = meanOf(best.map((one) => one.scores));
    return [{ best, scores, merit: merit(scores, truths) }];
  });
  const { best, scores, ...found } =
    others.find((one) => isSurelyBetter(problem, one.scores, first!.scores, truths)) ?? first!;
  const sharpness = task === 'numbers' ? 1 : sharpnessOf(scores, truths, task);
  return {
    model: { ...linearModel(features, rows, best), features, sharpness },
    choices: best.map(({ block, directions, alpha }) => ({ block, directions, alpha })),
    merit: found.merit,
  };
}

/**
 * Whether the first scores are better than the others by more than chance among the rows that choose. Both are of the
 * same rows, and few rows, in fewer groups, tell the two apart: the error of one merit alone is not that of the gain.
 */
function isSurelyBetter(
  { rowMerits, groups }: NgramProblem,
  scores: Matrix,
  others: Matrix,
  truths: Matrix,
): boolean {
  const those = rowMerits(others, truths);
  const gains = rowMerits(scores, truths).map((own, row) => own - those[row]!);
  const { mean, error } = meanGain(gains, groups);
  return mean > CERTAIN * error;
}

/** Counts n-grams and pairs, compares the sequences by them, and finds the directions in which they differ most. */
export async function countNgrams({
  features,
  fitted,
  judges,
}: NgramSequences): Promise<NgramMaterial> {
  const counter = new FeatureCounter(features);
  const blocks = BLOCKS.filter((block) => columnsOf(features, block) > 0);
  const roots = async (sequences: AsyncIterable<ArrayLike<number>>) => {
    const all: Record<Block, SparseRow[]> = { 'n-grams': [], pairs: [] };
    for await (const one of sequences) {
      for (const block of blocks) all[block].push(counter.rootsOfShares(one, block));
    }
    return all;
  };
  const [ofFitted, ofJudges] = [await roots(fitted), await roots(judges)];
  const rows = Object.fromEntries(
    blocks.map((block) => {
      const width = columnsOf(features, block);
      const importance = importanceOf(ofFitted[block], width);
      const weigh = (some: SparseRow[]) => some.map((row) => weighed(row, importance));
      const own = weigh(ofFitted[block]);
      const products = centredProducts(own, weigh(ofJudges[block]), width);
      return [block, { importance, fitted: own, products, directions: directionsOf(products) }];
    }),
  );
  return { features, rows };
}

function judge(
  { labelled, y, judgesY, merit }: NgramProblem,
  block: Block,
  { products, directions: found }: BlockRows,
  truths: Matrix,
): Judged[] {
  return Array.from(candidates(products, found, labelled, y), (candidate) => {
    const scores = judgesY.rows > 0 ? scoresOf(candidate, products) : candidate.leaveOneOut();
    const { directions, alpha } = candidate;
    const figures = { scores, merit: merit(scores, truths), error: squaredError(scores, truths) };
    return { block, directions, alpha, candidate, ...figures };
  });
}

function scoresOf({ coefficients, intercepts }: Candidate, { others }: Products): Matrix {
  const scores = multiplyByTransposed(others, coefficients);
  for (let at = 0; at < scores.values.length; at++) {
    scores.values[at]! += intercepts[at % intercepts.length]!;
  }
  return scores;
}

const squaredError = (scores: Matrix, y: Matrix): number =>
  scores.values.reduce((sum, score, at) => sum + (score - y.values[at]!) ** 2, 0);

function meanOf(all: readonly Matrix[]): Matrix {
  const { rows, columns } = all[0]!;
  const mean = matrix(rows, columns);
  for (const { values } of all) {
    for (let at = 0; at < values.length; at++) mean.values[at]! += values[at]! / all.length;
  }
  return mean;
}

/** The mean of the candidates, as weights of the columns. */
function linearModel(
  features: FeatureOptions,
  rows: NgramMaterial['rows'],
  best: readonly Judged[],
): Pick<NgramModel, 'importance' | 'weights' | 'intercepts'> {
  const columns = BLOCKS.reduce((sum, block) => sum + columnsOf(features, block), 0);
  const outputs = best[0]!.candidate.intercepts.length;
  const importance = new Float32Array(columns);
  const weights = matrix(outputs, columns);
  const intercepts = new Float64Array(outputs);
  for (const block of BLOCKS) {
    const own = rows[block];
    if (own === undefined) continue;
    const first = firstColumn(features, block);
    importance.set(own.importance, first);
    for (const { candidate } of best.filter((one) => one.block === block)) {
      addWeights(weights, own, candidate, { first, share: 1 / best.length });
      for (let k = 0; k < outputs; k++) {
        intercepts[k]! += interceptOf(candidate, own.products, k) / best.length;
      }
    }
  }
  return { importance, weights, intercepts };
}

/** The scores are of rows minus their mean, the model's weights of rows as they are. */
function interceptOf(
  { coefficients, intercepts }: Candidate,
  { withMean }: Products,
  output: number,
): number {
  const start = output * withMean.length;
  return withMean.reduce(
    (sum, value, i) => sum - coefficients.values[start + i]! * value,
    intercepts[output]!,
  );
}

function addWeights(
  weights: Matrix,
  { fitted }: BlockRows,
  { coefficients }: Candidate,
  { first, share }: { readonly first: number; readonly share: number },
): void {
  for (let k = 0; k < weights.rows; k++) {
    const start = k * weights.columns + first;
    for (const [i, { columns, values }] of fitted.entries()) {
      const factor = share * coefficients.values[k * fitted.length + i]!;
      for (let j = 0; j < columns.length; j++) {
        weights.values[start + columns[j]!]! += factor * values[j]!;
      }
    }
  }
}
