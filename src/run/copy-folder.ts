/**
 * The folder of a host that does not see the run's: what its workers read, fetched from the host that leads, and their
 * logs. A file in it says so, since it looks like a run's folder and holds no result.
 */
import { existsSync, lstatSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { z } from 'zod';
import { isLeftover, tidyAfterCrash } from '../core/atomic-folder.ts';
import { LockstepError } from '../core/errors.ts';
import { writeFailure } from '../core/file-error.ts';
import { type Lease, leaseFolder } from '../core/lease.ts';
import { isLockName } from '../core/lock-file.ts';
import { makeFolders, removeFolders } from '../core/make-folders.ts';
import { readTextSync } from '../core/read-file.ts';
import { writeWhole } from '../core/write-whole.ts';

const COPY_FILE = 'copy.json';

const marker = z.strictObject({
  format: z.literal('lockstep-copy-1'),
  /** Of the host that leads. */
  host: z.string(),
  /** There. */
  runFolder: z.string(),
});

/** Where the run is that a folder is a copy of. */
export type CopyOf = Omit<z.output<typeof marker>, 'format'>;

/** A copy that this process owns until it releases it. */
export interface CopyFolder extends Pick<Lease, 'release'> {
  readonly path: string;
  /** The dataset, where it was fetched. */
  readonly data: string;
}

/** Undefined for a folder that is no copy. */
export function copyOf(path: string): CopyOf | undefined {
  const file = join(path, COPY_FILE);
  if (!existsSync(file)) return undefined;
  try {
    const { format: _, ...of } = marker.parse(JSON.parse(readTextSync(file)));
    return of;
  } catch {
    // Somebody else's file of that name.
    return undefined;
  }
}

/** @throws LockstepError USAGE for a copy of a run: nothing goes on from it, and it has no results */
export function refuseCopy(path: string): void {
  const of = copyOf(path);
  if (of === undefined) return;
  throw new LockstepError(
    'USAGE',
    `"${path}" is no run, but what this host fetched of the run "${of.runFolder}" on ${of.host}.`,
    `Name that folder on ${of.host}, or give --own-disks and the same --rendezvous to take part.`,
  );
}

/**
 * Makes or takes the folder of a copy, and tidies what a dead owner left unfinished.
 * @throws LockstepError RUN_EXISTS for a folder with anything else in it, RUN_LOCKED while another process uses it, USAGE
 *   or OUT_OF_RESOURCES when it can't be written
 */
export async function claimCopyFolder(path: string, of: CopyOf): Promise<CopyFolder> {
  const made = withWriteErrors(path, () => makeFolders(path));
  let lease: Lease | undefined;
  try {
    lease = withWriteErrors(path, () => leaseFolder(path));
    refuseOther(path);
    writeWhole(join(path, COPY_FILE), `${JSON.stringify({ format: 'lockstep-copy-1', ...of })}\n`);
    const folders = ['logs', 'data'].map((name) => join(path, name));
    withWriteErrors(path, () => {
      for (const folder of folders) mkdirSync(folder, { recursive: true });
    });
    const data = join(path, 'data');
    refuseLinks(data);
    await tidy(path);
    const { release } = lease;
    return { path, data, release };
  } catch (thrown) {
    lease?.release();
    removeFolders(made);
    throw thrown;
  }
}

function refuseOther(path: string): void {
  const names = readdirSync(path).filter((name) => !isLockName(name) && !isLeftover(name));
  if (names.length === 0 || copyOf(path) !== undefined) return;
  throw new LockstepError(
    'RUN_EXISTS',
    `Cannot fetch the run into "${path}": it is not empty and is no copy of a run.`,
    'Choose another folder of this host with --run.',
  );
}

/** What is replaced or removed in a copy is never what a link leads to. */
function refuseLinks(data: string): void {
  const names = lstatSync(data).isDirectory() ? readdirSync(data) : [];
  const entries = [data, ...names.map((name) => join(data, name))];
  const link = entries.find((one) => lstatSync(one).isSymbolicLink());
  if (link === undefined) return;
  throw new LockstepError(
    'USAGE',
    `Cannot fetch the run: "${link}" is a link, and what is fetched would replace what it leads to.`,
    'Remove the link; to read a dataset of this host, name it with --set data.store=PATH.',
  );
}

async function tidy(path: string): Promise<void> {
  const data = join(path, 'data');
  const versions = readdirSync(data)
    .map((name) => join(data, name))
    .filter((one) => lstatSync(one).isDirectory());
  for (const folder of [path, data, ...versions]) await tidyAfterCrash(folder);
}

function withWriteErrors<T>(path: string, write: () => T): T {
  try {
    return write();
  } catch (thrown) {
    throw writeFailure(thrown, path, 0);
  }
}
