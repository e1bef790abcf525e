/** One dataset from several. */
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { storeRecords } from '../../data/export/store-records.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import type { StoreManifest } from '../../data/format/store.ts';
import type { DataTarget } from '../../data/format/target.ts';
import type { ImportReport } from '../../data/info/import-report.ts';
import type { ImportItem } from '../../data/record.ts';
import type { BuildOptions } from '../../importer/build/build-options.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { sortedNames } from '../../importer/build/labels.ts';
import { refuseOverlap } from '../../importer/refuse-overlap.ts';
import { type StopRequests, throwIfStopped, untilStopped } from '../train/stop-requests.ts';
import { gatherInThread } from './gather-in-thread.ts';

export interface MergeOptions
  extends Pick<BuildOptions, 'overwrite' | 'duplicates' | 'onProgress'>,
    Pick<StopRequests, 'signal'> {
  /** Folders of the datasets, in any order. */
  readonly stores: readonly string[];
  /** Folder of the new one. */
  readonly store: string;
  /** @default the folder's own name */
  readonly name?: string;
}

const BEFORE = 'the dataset was complete';

/**
 * Writes the sequences of all datasets into one. Classes are matched by name; ids, groups and splits stay. An exact
 * duplicate goes, as in an import.
 * @throws LockstepError DATA_INVALID for datasets that do not fit, an id that two sequences have, or a group in two
 * splits; USAGE, DATA_NOT_FOUND, STORE_CORRUPT; INTERRUPTED, TERMINATED after a stop
 */
export async function mergeStores(options: MergeOptions): Promise<ImportReport> {
  const { stores: paths, store: target, signal, onProgress } = options;
  if (paths.length < 2) throw tooFew(paths.length);
  for (const path of paths) refuseOverlap(path, target);
  const stores: StoreOnDisk[] = [];
  try {
    for (const path of paths) stores.push(await openStore(path));
    refuseUnlike(stores);
    return await buildStore(
      untilStopped(recordsOf(stores), { signal }, BEFORE),
      {
        ...sharedOptions(stores.map(({ manifest }) => manifest)),
        target,
        name: options.name ?? basename(target),
        overwrite: options.overwrite,
        duplicates: options.duplicates,
        provenance: { merged: stores.map(originOf) },
        onProgress: (progress) => {
          onProgress?.(progress);
          throwIfStopped({ signal }, BEFORE);
        },
      },
      gatherInThread,
    );
  } finally {
    for (const store of stores) await store.close();
  }
}

async function* recordsOf(stores: readonly StoreOnDisk[]): AsyncGenerator<ImportItem, void> {
  for (const store of stores) yield* storeRecords(store);
}

const originOf = ({ manifest: { name, contentHash, provenance } }: StoreOnDisk) => ({
  name,
  contentHash,
  provenance,
});

function sharedOptions(manifests: readonly StoreManifest[]) {
  const [{ valueType, target, classes }] = manifests as [StoreManifest];
  const isSame = manifests.every((one) => one.classes.join('\0') === classes.join('\0'));
  const all = sortedNames([...new Set(manifests.flatMap((one) => one.classes))]);
  const names = isSame ? [...classes] : all;
  return {
    valueType,
    missing: valueType === 'float32' ? 'mask' : 'skip',
    ...(names.length > 0 && { classes: names }),
    ...(target.kind === 'numbers' && { targetNames: target.numbers.map(({ name }) => name) }),
  } as const;
}

/** A dataset without any target goes with each kind. */
function refuseUnlike(stores: readonly StoreOnDisk[]): void {
  const [first, ...others] = stores as [StoreOnDisk, ...StoreOnDisk[]];
  for (const other of others) {
    for (const [what, of] of Object.entries(MUST_AGREE)) {
      const [here, there] = [of(first.manifest), of(other.manifest)];
      if (here === there) continue;
      throw new LockstepError(
        'DATA_INVALID',
        `Cannot merge "${first.path}" and "${other.path}": the ${what} are ${here} and ${there}.`,
        'Import the data of one of them again, like those of the other.',
      );
    }
  }
}

const MUST_AGREE: Readonly<Record<string, (manifest: StoreManifest) => string>> = {
  'types of the values': ({ valueType }) => valueType,
  'numbers of channels': ({ channels }) => String(channels),
  targets: ({ target }) => targetText(target),
};

function targetText(target: DataTarget): string {
  if (target.kind !== 'numbers') return target.kind === 'none' ? 'class' : target.kind;
  return `numbers (${target.numbers.map(({ name }) => name).join(', ')})`;
}

const tooFew = (found: number): LockstepError =>
  new LockstepError(
    'USAGE',
    `Cannot merge ${found} ${found === 1 ? 'dataset' : 'datasets'}: two or more are wanted.`,
    'Give the datasets, then the folder of the new one.',
  );
