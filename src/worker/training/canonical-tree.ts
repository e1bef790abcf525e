/** The tree in which vectors of an evaluation's micro-batches are added: the same whatever the number of workers. */
import { addCanonical, SubtreeStack } from '../../core/canonical-sum.ts';

export function canonicalTree(microBatches: number): SubtreeStack<Float32Array> {
  return new SubtreeStack<Float32Array>(microBatches, (a, b) => {
    const sum = new Float32Array(a.length);
    addCanonical(sum, a, b);
    return sum;
  });
}
