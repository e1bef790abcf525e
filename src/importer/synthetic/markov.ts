/** Transition matrices of Markov chains over K symbols, drawn from a counter-based stream. */
import type { RandomStream } from '../../core/random.ts';

/** Row-major K × K cumulative sums: entry (from, to) is P(next ≤ to | from); each row ends in exactly 1. */
export type CumulativeTransitions = Float64Array;

/** Exponent of the exponential weights of a free row: higher is more predictable. */
const SHARPNESS = 4;
/** Weights of the permutations of a doubly stochastic matrix; the uniform matrix has the rest. */
const PERMUTATION_WEIGHTS = [0.5, 0.25, 0.15] as const;

/** Draws each row independently, so each class has its own stationary distribution. */
export function freeTransitions(stream: RandomStream, symbols: number): Float64Array {
  const matrix = new Float64Array(symbols * symbols);
  for (let from = 0; from < symbols; from++) {
    const row = matrix.subarray(from * symbols, (from + 1) * symbols);
    let sum = 0;
    for (let to = 0; to < symbols; to++) {
      const exponential = -Math.log(1 - stream.uniform(from * symbols + to));
      row[to] = exponential ** SHARPNESS;
      sum += row[to]!;
    }
    for (let to = 0; to < symbols; to++) row[to]! /= sum;
  }
  return matrix;
}

/**
 * A mixture of permutations and the uniform matrix. Rows and columns sum to 1, so the uniform distribution
 * is stationary (Birkhoff–von Neumann). Chains that start uniformly differ by the order of symbols only.
 */
export function doublyStochasticTransitions(stream: RandomStream, symbols: number): Float64Array {
  const uniform = 1 - PERMUTATION_WEIGHTS.reduce((sum, weight) => sum + weight, 0);
  const matrix = new Float64Array(symbols * symbols).fill(uniform / symbols);
  PERMUTATION_WEIGHTS.forEach((weight, k) => {
    permutation(stream, symbols, k * symbols).forEach((to, from) => {
      matrix[from * symbols + to]! += weight;
    });
  });
  return matrix;
}

/** Fisher–Yates, with the draws [position, position + size). */
function permutation(stream: RandomStream, size: number, position: number): number[] {
  const order = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = stream.integer(position + i, i + 1);
    [order[i], order[j]] = [order[j]!, order[i]!];
  }
  return order;
}

/** The cumulative sums of each row of `matrix`, a K × K matrix of probabilities. */
export function cumulative(matrix: Float64Array, symbols: number): CumulativeTransitions {
  const sums = new Float64Array(matrix.length);
  for (let from = 0; from < symbols; from++) {
    let sum = 0;
    for (let to = 0; to < symbols; to++) {
      sum += matrix[from * symbols + to]!;
      sums[from * symbols + to] = sum;
    }
    sums[(from + 1) * symbols - 1] = 1;
  }
  return sums;
}

/** The symbol after `from` for a uniform draw in [0, 1), by bisection. */
export function nextSymbol(
  sums: CumulativeTransitions,
  symbols: number,
  from: number,
  draw: number,
): number {
  const start = from * symbols;
  let low = 0;
  let high = symbols - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (draw < sums[start + middle]!) high = middle;
    else low = middle + 1;
  }
  return low;
}
