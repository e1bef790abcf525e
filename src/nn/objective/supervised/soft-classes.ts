/** Classes in shares, by label smoothing (Szegedy et al. 2016) and by mixed sequences. */
import type { PaddedRows } from '../../../data/collate.ts';
import { EVALUATION_EPOCH } from '../objective.ts';

/** The loss of a row, Σ s(k)·(−log p(k)), by its label y: S·CE(y) + Σ correction(k)·logit(k), with S = Σ s(k). */
export interface SoftClasses {
  /** `[rows]`: S, the sum of s. */
  readonly weights: Float32Array;
  /** `[rows, classes]`: S at the label, less s. */
  readonly correction: Float32Array;
  /** What the loss sum is divided by: the weights of the rows' classes in their shares. */
  readonly total: number;
}

/**
 * s(k) = w(k) · ((1 − smoothing) · share of k + smoothing / classes), as PyTorch's CrossEntropyLoss weighs it.
 * Evaluations measure the classes as they are.
 * @param classWeights w
 */
export function softClasses(
  { rows, labels, epoch, mixed }: PaddedRows,
  classWeights: readonly number[],
  smoothing: number,
): SoftClasses {
  const classes = classWeights.length;
  const spread = epoch === EVALUATION_EPOCH ? 0 : smoothing;
  const weights = new Float32Array(rows);
  const correction = new Float32Array(rows * classes);
  let total = 0;
  for (let row = 0; row < rows; row++) {
    const shares = new Float64Array(classes);
    const other = mixed?.shares[row] ?? 0;
    shares[labels[row]!]! += 1 - other;
    if (mixed !== undefined) shares[labels[mixed.partners[row]!]!]! += other;
    const soft = shares.map(
      (share, k) => classWeights[k]! * ((1 - spread) * share + spread / classes),
    );
    const sum = soft.reduce((a, b) => a + b, 0);
    total += shares.reduce((all, share, k) => all + share * classWeights[k]!, 0);
    weights[row] = sum;
    for (const [k, value] of soft.entries()) {
      correction[row * classes + k] = (k === labels[row] ? sum : 0) - value;
    }
  }
  return { weights, correction, total };
}
