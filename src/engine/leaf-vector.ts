/** What every session does on the host with leaves and sums, so that their bits are alike. */
import { addCanonical, flushSubnormals } from '../core/canonical-sum.ts';
import type { MicroBatch } from './engine.ts';

/** Adds the sums that the host knows into `vector`, where `names[0]` is at `offset`; then as every adder wants it. */
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

/** A new vector: the canonical sum of two finished siblings. */
export function mergeLeaves(left: Float32Array, right: Float32Array): Float32Array {
  const sum = new Float32Array(left.length);
  addCanonical(sum, left, right);
  return sum;
}
