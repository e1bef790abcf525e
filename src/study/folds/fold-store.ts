/** A dataset with one of k folds as its test split. */
import { existsSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import { LockstepError } from '../../core/errors.ts';
import { storeRecords } from '../../data/export/store-records.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import type { RawRecord } from '../../data/record.ts';
import type { Fold } from '../../importer/build/assign-splits.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { gatherInThread } from '../../workflow/data/gather-in-thread.ts';
import { type StopRequests, untilStopped } from '../../workflow/train/stop-requests.ts';

export interface FoldRequest extends Fold, Pick<StopRequests, 'signal'> {
  /** Decides which groups are in which fold. */
  readonly seed: number;
  /** Folder of the dataset. */
  readonly path: string;
}

/**
 * Writes the dataset of one fold, unless it is there. Its splits are those of the fold, whatever they were before.
 * @throws LockstepError USAGE for a folder with other folds or more folds than groups, STORE_CORRUPT; INTERRUPTED,
 *   TERMINATED
 */
export async function writeFoldStore(store: StoreOnDisk, request: FoldRequest): Promise<void> {
  const { folds, fold, seed, path, signal } = request;
  const { manifest } = store;
  const { valueType, classes, target, name, provenance, contentHash } = manifest;
  const origin = { of: contentHash, folds, fold, seed };
  if (existsSync(path)) return await refuseOther(path, origin);
  await buildStore(
    untilStopped(
      unsplit(storeRecords(store)),
      { signal },
      'the datasets of all folds were written',
    ),
    {
      ...{ target: path, name, valueType, seed },
      folds: { folds, fold },
      missing: valueType === 'float32' ? 'mask' : 'skip',
      duplicates: 'keep',
      ...(classes.length > 0 && { classes: [...classes] }),
      ...(target.kind === 'numbers' && { targetNames: target.numbers.map(({ name }) => name) }),
      provenance: { ...provenance, fold: origin },
    },
    gatherInThread,
  );
}

/** Records without the split that they had. */
async function* unsplit(records: AsyncIterable<RawRecord>): AsyncGenerator<RawRecord, void> {
  for await (const { split: _, ...record } of records) yield record;
}

async function refuseOther(path: string, wanted: Readonly<Record<string, unknown>>): Promise<void> {
  const known = await openStore(path);
  await known.close();
  if (isDeepStrictEqual(known.manifest.provenance.fold, wanted)) return;
  throw new LockstepError(
    'USAGE',
    `"${path}" is a fold of other data, or of another number of folds or seed.`,
    'Choose another --out, or remove the folder of that study.',
  );
}
