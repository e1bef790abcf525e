/** Work on leaves and sums that every session does on the host with this code, so that the bits agree. */
import { addCanonical, flushSubnormals } from '../core/canonical-sum.ts';
import type { MicroBatch } from './engine.ts';

/** Adds the host's sums into `vector`, where `names[0]` is at `offset`, then flushes subnormal numbers. */
export function finishSums(
  vector: Float32Array,
  batch: Pick<MicroBatch, 'hostSums'>,
  names: readonly string[],
  offset: number,
): Float32Array {
  for (const [name, value] of Object.entries(batch.hostSums)) {
    const position = names.indexOf(name);
    if (position < 0) throw new Error(`the objective has no sum "${name}"`);
    vector[offset + position]! += value;
  }
  flushSubnormals(vector);
  return vector;
}

/** The canonical sum of two siblings, as a new vector. */
export function mergeLeaves(left: Float32Array, right: Float32Array): Float32Array {
  const sum = new Float32Array(left.length);
  addCanonical(sum, left, right);
  return sum;
}
