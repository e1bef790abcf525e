import type { SubtreeStack } from '../collective/canonical-sum.ts';
import type { ReduceInput } from '../collective/exchange-round.ts';

/** This rank's finished subtrees, as the all-reduce takes them. */
export function reduceInput(
  tree: SubtreeStack<Float32Array>,
  shape: { step: number; microBatches: number; length: number },
): ReduceInput {
  const subtrees = tree.subtrees().map(({ node, sum }) => ({ ...node, vector: sum }));
  return { ...shape, subtrees };
}
