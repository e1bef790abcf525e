/** The sequences that baselines see, and what is true of them. */
import { targetsOf } from '../data/facts.ts';
import type { Store } from '../data/format/store.ts';
import type { TargetKind, Values } from './target.ts';

/** The parts, as numbers in the store. */
export interface Parts {
  /** Those of any draw. */
  readonly training: Iterable<number>;
  readonly validation: Int32Array;
  readonly test: Int32Array;
}

export interface Examples {
  /** Numbers in the store. Everything else tells an example by its place here. */
  readonly sequences: Int32Array;
  /** The first so many are in a draw. */
  readonly trainable: number;
  readonly validation: Int32Array;
  readonly test: Int32Array;
  /** What is true of each example. */
  readonly truths: readonly Values[];
  /** The places of sequences of the store. */
  placesOf(sequences: Int32Array): Int32Array;
}

/** Takes the values of one example after the other, in their order: `[length · channels]`. */
export type Reader = (values: Int32Array | Float32Array, isTrainable: boolean) => void;

/**
 * Reads every sequence once, as a whole, and shows it to each reader.
 * @throws LockstepError STORE_CORRUPT when a read finds damage
 */
export async function readExamples(
  store: Store,
  kind: TargetKind,
  { training, validation, test }: Parts,
  readers: readonly Reader[],
): Promise<Examples> {
  const trainable = Int32Array.from(new Set(training)).sort();
  const sequences = Int32Array.from([...trainable, ...validation, ...test]);
  const places = new Map(Array.from(sequences, (sequence, place) => [sequence, place]));
  const placesOf = (some: Int32Array) => some.map((sequence) => places.get(sequence)!);
  const truths: Values[] = [];
  for (const sequence of sequences) {
    const length = store.index.lengths[sequence]!;
    const values = await store.read(sequence, 0, length);
    for (const read of readers) read(values, truths.length < trainable.length);
    truths.push(await truthOf(store, kind, sequence));
  }
  const others = { validation: placesOf(validation), test: placesOf(test) };
  return { sequences, trainable: trainable.length, ...others, truths, placesOf };
}

async function truthOf(store: Store, kind: TargetKind, sequence: number): Promise<Values> {
  if (kind === 'class') return [store.index.labels[sequence]!];
  if (kind !== 'timestep-class') return targetsOf(store.index, sequence);
  return await store.readTimestepLabels!(sequence, 0, store.index.lengths[sequence]!);
}
