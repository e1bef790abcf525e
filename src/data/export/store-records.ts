/** The sequences of a dataset as an importer would yield them. */
import type { StoreOnDisk } from '../format/open-store.ts';
import { SPLITS, UNLABELLED } from '../format/store.ts';
import type { RawRecord } from '../record.ts';

/** A record with everything that a dataset says of it. */
export type StoreRecord = RawRecord & Required<Pick<RawRecord, 'group' | 'split'>>;

/** All sequences in their order, shortest first. @throws LockstepError STORE_CORRUPT */
export async function* storeRecords(store: StoreOnDisk): AsyncGenerator<StoreRecord, void> {
  const { channels } = store.manifest;
  const { lengths, splits } = store.index;
  const [ids, groups] = await Promise.all([store.ids(), store.groups()]);
  for (let sequence = 0; sequence < lengths.length; sequence++) {
    const length = lengths[sequence]!;
    yield {
      id: ids[sequence]!,
      group: groups[sequence]!,
      split: SPLITS[splits[sequence]!]!,
      values: await store.read(sequence, 0, length),
      ...(channels > 1 && { channels }),
      ...(await targetOf(store, sequence, length)),
    };
  }
}

async function targetOf(
  { manifest, index, readTimestepLabels }: StoreOnDisk,
  sequence: number,
  length: number,
): Promise<Partial<RawRecord>> {
  const { classes, target } = manifest;
  const label = index.labels[sequence]!;
  if (label === UNLABELLED || target.kind === 'none') return {};
  if (target.kind === 'class') return { label: classes[label]! };
  if (target.kind === 'timestep-class') {
    const labels = await readTimestepLabels!(sequence, 0, length);
    return { timestepLabels: Array.from(labels, (one) => classes[one] ?? '') };
  }
  const { offsets, values } = index.targets!;
  const own = Array.from(values.subarray(offsets[sequence], offsets[sequence + 1]));
  return target.kind === 'numbers' ? { targets: own } : { labels: own.map((one) => classes[one]!) };
}
