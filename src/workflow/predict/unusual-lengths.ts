/** Sequences of a length of which a model cannot know anything, as its training never saw their like. */
import type { StoreManifest } from '../../data/format/store.ts';

/** How many times as long as the longest, or as short as the shortest of training, is unusual. */
const FACTOR = 2;

/** A sequence and how many timesteps a model sees of it. */
export interface SeenLength {
  readonly id: string;
  readonly length: number;
}

/** The warning; undefined when there is nothing to warn of. */
export function describeUnusualLengths(
  lengths: readonly SeenLength[],
  { minimum, maximum }: StoreManifest['length'],
): string | undefined {
  const unusual = lengths.filter(
    ({ length }) => length * FACTOR < minimum || length > maximum * FACTOR,
  );
  const [first] = unusual;
  if (first === undefined) return undefined;
  const range = minimum === maximum ? `${minimum}` : `${minimum}…${maximum}`;
  return `${unusual.length} of ${lengths.length} sequences are less than half as long or more than twice as long as any of training (${range} timesteps), such as "${first.id}" (${first.length}): do not rely on their predictions.`;
}
