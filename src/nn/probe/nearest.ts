/** A vote of the nearest examples. */
import type { Matrix } from '../../solver/matrix.ts';

/** What the votes are counted of. */
export interface Examples {
  readonly x: Matrix;
  /** `[rows]`: numbers in [0, classes) */
  readonly labels: Int32Array;
  readonly classes: number;
}

/**
 * For each question the class that most of its nearest examples have; of equally many votes, the class of the nearest
 * one. Of equally far examples the first ones are nearest.
 */
export function nearestClasses(
  { x, labels, classes }: Examples,
  questions: Matrix,
  neighbours: number,
): Int32Array {
  return Int32Array.from({ length: questions.rows }, (_, question) => {
    const far = squaredDistances(x, questions, question);
    const nearest = Array.from(far.keys())
      .sort((a, b) => far[a]! - far[b]! || a - b)
      .slice(0, neighbours);
    const votes = new Array<number>(classes).fill(0);
    for (const row of nearest) votes[labels[row]!]!++;
    const most = Math.max(...votes);
    return labels[nearest.find((row) => votes[labels[row]!] === most)!]!;
  });
}

function squaredDistances(x: Matrix, questions: Matrix, question: number): Float64Array {
  const { columns } = x;
  const first = question * columns;
  return Float64Array.from({ length: x.rows }, (_, row) => {
    let sum = 0;
    for (let column = 0; column < columns; column++) {
      const difference = x.values[row * columns + column]! - questions.values[first + column]!;
      sum += difference * difference;
    }
    return sum;
  });
}
