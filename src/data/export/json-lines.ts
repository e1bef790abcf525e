import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import type { StoreOnDisk } from '../format/open-store.ts';
import { steps } from './steps.ts';
import { type StoreRecord, storeRecords } from './store-records.ts';

/** One line of JSON for each sequence. A missing value is null; of several channels, a timestep is a list. */
export async function writeJsonLines(
  store: StoreOnDisk,
  path: string,
  onProgress: (written: number) => void,
): Promise<void> {
  const stream = createWriteStream(path, { flags: 'wx' });
  const failed = finished(stream);
  // The failure is met at the end, or where the stream does not drain.
  failed.catch(() => {});
  let written = 0;
  for await (const record of storeRecords(store)) {
    const line = `${JSON.stringify(lineOf(record, store))}\n`;
    if (!stream.write(line)) await Promise.race([once(stream, 'drain'), failed]);
    onProgress(++written);
  }
  stream.end();
  await failed;
}

function lineOf(record: StoreRecord, { manifest }: StoreOnDisk): Record<string, unknown> {
  const { id, label, labels, targets, timestepLabels, split, group } = record;
  const { target, channels } = manifest;
  return {
    id,
    ...(target.kind === 'class' && { label: label ?? null }),
    ...(target.kind === 'classes' && { labels: labels ?? null }),
    ...(target.kind === 'numbers' &&
      Object.fromEntries(target.numbers.map(({ name }, i) => [name, targets?.[i] ?? null]))),
    ...{ split, group },
    ...(target.kind === 'timestep-class' && { timestep_labels: timestepLabels ?? null }),
    values: steps(record.values, channels),
  };
}
