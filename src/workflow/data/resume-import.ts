/** An import of a large source that goes on where an earlier one was stopped. */
import { relative } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { isStop } from '../../core/stop-signal.ts';
import type { ImportItem } from '../../data/record.ts';
import type { ChosenSource } from '../../importer/import-source.ts';
import type { ReadBatch } from '../../importer/item-batch.ts';
import { Journal } from '../../importer/journal.ts';
import { sourceIdentity } from '../../importer/source-identity.ts';

/** What an import keeps when it is stopped. */
export interface ResumeOptions {
  /** Told that an interrupted import goes on, or why it does not. */
  readonly onNotice?: (text: string) => void;
  /** Records of so many bytes are in memory before they are kept on the disk. @default 32 MiB */
  readonly journalBytes?: number;
}

/** What is to be imported. */
export interface ResumableImport {
  readonly batches: AsyncIterable<ReadBatch>;
  readonly chosen: ChosenSource;
  /** Folder of the dataset. */
  readonly store: string;
  readonly options: ResumeOptions;
}

/**
 * Imports by `build`. What it has read of a large source stays on the disk when it is stopped or killed.
 * @throws LockstepError INTERRUPTED, TERMINATED, which say what is kept; and whatever `build` throws
 */
export async function resumably<Result>(
  { batches, chosen, store, options }: ResumableImport,
  build: (items: AsyncIterable<readonly ImportItem[]>) => Promise<Result>,
): Promise<Result> {
  const journal = await Journal.beside(store, sourceIdentity(chosen), options.journalBytes);
  tellState(journal, options);
  const source = (passOver: number) => {
    chosen.known.left = passOver;
    return batches;
  };
  try {
    const result = await build(journal.through(source));
    await journal.remove();
    return result;
  } catch (thrown) {
    if (wasStopped(thrown) && journal.items > 0 && journal.isOnDisk) {
      await journal.close();
      throw keeping(thrown, journal);
    }
    await journal.remove();
    throw thrown;
  }
}

function tellState({ state, folder }: Journal, { onNotice }: ResumeOptions): void {
  if (state === 'goes-on')
    onNotice?.(`Going on with the import that was interrupted, from ${folder}.`);
  if (state === 'other-source') {
    onNotice?.(
      'The source or its options have changed since an import was interrupted: starting anew.',
    );
  }
}

const wasStopped = (thrown: unknown): thrown is LockstepError =>
  thrown instanceof LockstepError && isStop(thrown);

function keeping({ code, message }: LockstepError, { items, folder }: Journal): LockstepError {
  const path = relative('', folder);
  return new LockstepError(
    code,
    message,
    `The ${items} records that were read are kept in "${path}": the same command goes on from there. Remove the folder to forget them.`,
  );
}
