/** How a dataset differs from the one that a run was trained on. */
import { LockstepError } from '../../core/errors.ts';
import { SPLITS, type Store, type StoreManifest } from '../../data/format/store.ts';
import { TARGET_WORDS } from '../../data/format/target.ts';

/** Each difference as a phrase, the hashes first; none for the same data. */
export function dataDifferences(trained: StoreManifest, here: StoreManifest): string[] {
  if (trained.contentHash === here.contentHash) return [];
  const [hashThere, hashHere] = [trained, here].map((one) => `${one.contentHash.slice(0, 12)}…`);
  const found = PARTS.flatMap(([what, show]) => {
    const [before, now] = [show(trained), show(here)];
    return before === now ? [] : [`${what} (${before} there, ${now} here)`];
  });
  const rest = found.length > 0 ? found : ['the sequences, their labels or their splits'];
  return [`the content hash (${hashThere} there, ${hashHere} here)`, ...rest];
}

const PARTS: readonly (readonly [what: string, show: (manifest: StoreManifest) => string])[] = [
  ['what they say of a sequence', ({ target }) => TARGET_WORDS[target.kind]],
  ['the class names', ({ classes }) => classes.join(', ') || 'none'],
  ['the type of the values', ({ valueType }) => valueType],
  ['the number of channels', ({ channels }) => String(channels)],
  ['the range of the values', ({ valueRange }) => `${valueRange.minimum}…${valueRange.maximum}`],
  ['the number of sequences', ({ sequences }) => String(sequences)],
  ['the number of timesteps', ({ tokens }) => String(tokens)],
  [
    'the sequences of each split',
    ({ splits }) => SPLITS.map((split) => `${split} ${splits[split].sequences}`).join(', '),
  ],
];

/** A sentence on how a dataset differs; undefined for the same data. */
export function describeOtherData(
  trained: StoreManifest,
  { path, manifest }: Pick<Store, 'path' | 'manifest'>,
): string | undefined {
  const differences = dataDifferences(trained, manifest);
  if (differences.length === 0) return undefined;
  return `"${path}" differs from the training data in ${differences.join('; ')}.`;
}

/**
 * Refuses a dataset that has taken the place of the run's own: its splits say nothing about that run.
 * @throws LockstepError DATA_INVALID
 */
export function refuseOtherData(
  run: string,
  trained: StoreManifest,
  { path, manifest }: Pick<Store, 'path' | 'manifest'>,
): void {
  const differences = dataDifferences(trained, manifest);
  if (differences.length === 0) return;
  throw new LockstepError(
    'DATA_INVALID',
    `Dataset "${path}" is not the one that "${run}" was trained on. They differ in ${differences.join('; ')}.`,
    `To use it all the same, give it as another dataset: --data ${path}.`,
  );
}
