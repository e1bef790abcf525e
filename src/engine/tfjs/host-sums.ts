import type { MicroBatch } from '../engine.ts';

/** Adds the sums that the host knows into `vector`, where `names[0]` is at `offset`. */
export function addHostSums(
  vector: Float32Array,
  batch: Pick<MicroBatch, 'hostSums'>,
  names: readonly string[],
  offset: number,
): void {
  for (const [name, value] of Object.entries(batch.hostSums)) {
    const position = names.indexOf(name);
    if (position < 0) throw new Error(`the objective has no sum "${name}"`);
    vector[offset + position]! += value;
  }
}
