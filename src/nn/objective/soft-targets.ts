/** Cross-entropy against shares instead of one class. */
import type { Ops, Tensor } from '../../engine/ops.ts';

/**
 * −Σ p·log softmax(logits) over all rows, with shares p that add up to 1 in each row. The host names one class of each
 * row and feeds what p lacks of it: the cross-entropy of that class plus Σ (one − p)·logits is the same number.
 * @param labels int32 `[rows]`: that class
 * @param lacking float32 `[rows, classes]`: 1 at that class and 0 elsewhere, less p
 */
export function softCrossEntropy(
  ops: Ops,
  logits: Tensor,
  { labels, lacking }: { readonly labels: Tensor; readonly lacking: Tensor },
): Tensor {
  const ofLabels = ops.sum(ops.softmaxCrossEntropy(logits, labels));
  return ops.add(ofLabels, ops.sum(ops.mul(lacking, logits)));
}
