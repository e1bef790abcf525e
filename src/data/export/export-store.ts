/** Writes a dataset as one file that other programs read, and that `data import` reads again. */
import { existsSync, statSync } from 'node:fs';
import { LockstepError } from '../../core/errors.ts';
import { makeWholeFile } from '../../core/whole-file.ts';
import type { StoreOnDisk } from '../format/open-store.ts';
import { writeJsonLines } from './json-lines.ts';
import { writeParquet } from './parquet-rows.ts';

/** How each kind of file is written. */
const WRITERS = { '.jsonl': writeJsonLines, '.parquet': writeParquet } as const;

export interface ExportOptions {
  /** Replace a file that is there. */
  readonly overwrite?: boolean;
  /** Called with the sequences written so far. */
  readonly onProgress?: ((written: number) => void) | undefined;
}

/**
 * Writes all sequences to `path`, whose ending says how: .parquet or .jsonl. The file appears when it is complete.
 * @throws LockstepError USAGE for another ending or a file that is there; RUN_LOCKED while another process writes it;
 *   OUT_OF_RESOURCES; STORE_CORRUPT
 */
export async function exportStore(
  store: StoreOnDisk,
  path: string,
  { overwrite = false, onProgress = () => {} }: ExportOptions = {},
): Promise<void> {
  const write = writerOf(path);
  if (!overwrite) refuseExisting(path);
  refuseNoFile(path);
  await makeWholeFile(path, async (temporary) => {
    // Another process may have made it just before this one had the lock.
    if (!overwrite) refuseExisting(path);
    await write(store, temporary, onProgress);
  });
}

function refuseExisting(path: string): void {
  if (!existsSync(path)) return;
  throw new LockstepError(
    'USAGE',
    `Cannot write "${path}": it exists already.`,
    'Choose another file, or replace it with --overwrite.',
  );
}

/** A folder, a device or a pipe cannot be replaced by a file. */
function refuseNoFile(path: string): void {
  if (statSync(path, { throwIfNoEntry: false })?.isFile() ?? true) return;
  throw new LockstepError(
    'USAGE',
    `Cannot write "${path}": it is no file.`,
    'Choose another name for the file.',
  );
}

function writerOf(path: string): (typeof WRITERS)[keyof typeof WRITERS] {
  const found = Object.entries(WRITERS).find(([ending]) => path.toLowerCase().endsWith(ending));
  if (found !== undefined) return found[1];
  throw new LockstepError(
    'USAGE',
    `Cannot export to "${path}": its ending says no format.`,
    'End the name in .parquet or .jsonl.',
  );
}

/** The options of `data import` that read the file again. */
export function importOptions({ manifest }: StoreOnDisk, path: string): string[] {
  const { target, channels, valueType, channelStatistics } = manifest;
  const options = ['--id', 'id', '--group', 'group', '--split', 'split', '--value-type', valueType];
  if (target.kind === 'class') options.push('--label', 'label');
  if (target.kind === 'classes') options.push('--labels', 'labels');
  if (target.kind === 'timestep-class') options.push('--timestep-labels', 'timestep_labels');
  const isParquet = path.toLowerCase().endsWith('.parquet');
  if (target.kind === 'numbers') {
    const isList = isParquet && target.numbers.length > 1;
    const names = target.numbers.map(({ name }) => name).join(',');
    options.push('--target', isList ? 'targets' : names);
  }
  if (channels > 1 && isParquet) options.push('--channels', 'last');
  if (channelStatistics.some(({ missing }) => missing > 0)) options.push('--missing', 'mask');
  return options;
}
