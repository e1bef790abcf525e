/**
 * Writes a folder so that its name shows the whole of it or nothing, whenever the machine stops:
 * temporary sibling → write and fsync each file → fsync the folder → rename → fsync the parent.
 * Once it has its name it is there and whole: a last fsync that fails is no reason to say that it is not.
 */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { cp, mkdir, open, readdir, rename, rm } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { writeFailure } from './file-error.ts';
import { ensureFolders } from './make-folders.ts';
import { removeQuietly } from './remove-quietly.ts';
import { syncNames, syncPath } from './sync-names.ts';
import { systemErrorCode } from './system-error.ts';

/** Bytes of one file that are synced before all of it is written. */
const EARLY_SYNC_BYTES = 16 * 2 ** 20;

export interface WrittenFile {
  readonly sizeBytes: number;
  readonly sha256: string;
}

export interface FolderWriter {
  /** The temporary folder, for those who write a file there themselves: it is fsynced like the others. */
  readonly path: string;
  /** Writes one file of the folder, or of a folder in it, from its chunks and fsyncs it; returns its size and hash. */
  write(
    name: string,
    chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  ): Promise<WrittenFile>;
}

export interface AtomicFolderOptions {
  /** Take the place of a folder that is there already, instead of failing with ENOTEMPTY. */
  readonly replace?: boolean;
  /** Bytes that will be written, for the message when the disk is full. */
  readonly neededBytes?: number;
  /** Called after each step on the file system, with its description; fault tests die here. */
  readonly onStep?: (step: string) => void;
}

/**
 * Fills a new folder through `fill` and gives it its name at the end. After an error nothing is left but
 * what was there before. Returns what `fill` returned.
 * Throws OUT_OF_RESOURCES when the disk is full, USAGE when the place can't be written.
 */
export async function writeFolderAtomically<Result>(
  path: string,
  fill: (writer: FolderWriter) => Promise<Result>,
  options: AtomicFolderOptions = {},
): Promise<Result> {
  const target = resolve(path);
  const step = options.onStep ?? (() => {});
  const temporary = siblingName(target, 'tmp');
  const progress = { written: 0 };
  try {
    await ensureFolders(dirname(temporary));
    // Its name need not outlast a loss of power.
    await mkdir(temporary);
    step('make the temporary folder');
    const result = await fill({
      path: temporary,
      write: (name, chunks) => writeFile(join(temporary, name), chunks, progress, step),
    });
    await syncFolderWithFiles(temporary, step);
    await giveName(temporary, target, options.replace ?? false, step);
    return result;
  } catch (thrown) {
    // The first failure counts.
    await removeQuietly(temporary);
    throw writeFailure(thrown, path, progress.written, options.neededBytes);
  }
}

/** `.<name>.<purpose>-<random>` beside the target, so that a rename stays within one file system. */
function siblingName(target: string, purpose: 'tmp' | 'old'): string {
  const unique = randomBytes(6).toString('hex');
  return join(dirname(target), `.${basename(target)}.${purpose}-${unique}`);
}

async function writeFile(
  path: string,
  chunks: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
  progress: { written: number },
  step: (description: string) => void,
): Promise<WrittenFile> {
  const hash = createHash('sha256');
  await ensureFolders(dirname(path));
  const file = await open(path, 'wx');
  const early = new EarlySync(file);
  let sizeBytes = 0;
  try {
    for await (const chunk of chunks) {
      const writing = writeWhole(file, chunk, progress);
      // While another thread writes.
      hash.update(chunk);
      await writing;
      sizeBytes += chunk.length;
      early.add(chunk.length);
      step(`write ${sizeBytes} bytes of ${basename(path)}`);
    }
    await early.finish();
    await file.sync();
  } finally {
    await early.settle();
    await file.close();
  }
  step(`sync ${basename(path)}`);
  return { sizeBytes, sha256: hash.digest('hex') };
}

type FileHandle = Awaited<ReturnType<typeof open>>;

/** Sends a large file to the disk while it is written, so that its last sync is short. */
class EarlySync {
  readonly #file: FileHandle;
  #waitingBytes = 0;
  #running: Promise<void> | undefined;
  #failure: { readonly error: unknown } | undefined;

  constructor(file: FileHandle) {
    this.#file = file;
  }

  /** Starts a sync when enough was written and none is running. */
  add(sizeBytes: number): void {
    this.#waitingBytes += sizeBytes;
    if (this.#running !== undefined || this.#waitingBytes < EARLY_SYNC_BYTES) return;
    this.#waitingBytes = 0;
    this.#running = this.#file.datasync().then(
      () => {
        this.#running = undefined;
      },
      (error) => {
        this.#failure = { error };
      },
    );
  }

  async settle(): Promise<void> {
    await this.#running;
  }

  /** Ends when none is running. A failed one counts: the system tells it only once. */
  async finish(): Promise<void> {
    await this.settle();
    if (this.#failure !== undefined) throw this.#failure.error;
  }
}

/** One write call may take fewer bytes than it was given. */
async function writeWhole(
  file: FileHandle,
  chunk: Uint8Array,
  progress: { written: number },
): Promise<void> {
  let done = 0;
  while (done < chunk.length) {
    const length = Math.min(chunk.length - done, 1 << 28);
    const { bytesWritten } = await file.write(chunk, done, length);
    done += bytesWritten;
    progress.written += bytesWritten;
  }
}

async function syncFolderWithFiles(folder: string, step: (s: string) => void): Promise<void> {
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    if (entry.isFile()) await syncPath(join(folder, entry.name));
    if (entry.isDirectory()) await syncFolderWithFiles(join(folder, entry.name), () => {});
  }
  await syncPath(folder);
  step('sync the folder');
}

/** A folder can't be exchanged in one call: the old one steps aside, `tidyAfterCrash` gives it back. */
async function giveName(
  temporary: string,
  target: string,
  replace: boolean,
  step: (description: string) => void,
): Promise<void> {
  const aside = replace && existsSync(target) ? siblingName(target, 'old') : undefined;
  if (aside !== undefined) {
    await moveAside(target, aside);
    step('move the old folder aside');
  }
  try {
    await rename(temporary, target);
  } catch (thrown) {
    if (aside !== undefined) await rename(aside, target);
    throw thrown;
  }
  step('rename');
  const isKept = await syncNames(dirname(target));
  step('sync the parent');
  // Should the disk forget the new name, `tidyAfterCrash` gives the old folder its name back.
  if (aside !== undefined && isKept) await removeQuietly(aside);
}

/** An overlay, as containers have one, renames no folder of a lower layer: there the old one is copied. */
async function moveAside(target: string, aside: string): Promise<void> {
  try {
    await rename(target, aside);
  } catch (thrown) {
    if (systemErrorCode(thrown) !== 'EXDEV') throw thrown;
    await copyAside(target, aside);
  }
}

/** Only one that is killed while it removes the original leaves a part of it under its name. */
async function copyAside(target: string, aside: string): Promise<void> {
  let isCopied = false;
  try {
    await cp(target, aside, { recursive: true });
    isCopied = true;
    await rm(target, { recursive: true });
  } catch (thrown) {
    // The disk that kept a part of it may take the rest again.
    if (isCopied) await cp(aside, target, { recursive: true });
    await removeQuietly(aside);
    throw thrown;
  }
}

/**
 * Removes a folder so that its name never shows a part of it; what a crash leaves, tidying takes. Not in a lower layer of
 * an overlay, which renames no folder.
 */
export async function removeFolderAtomically(
  path: string,
  onStep: (step: string) => void = () => {},
): Promise<void> {
  const condemned = siblingName(resolve(path), 'tmp');
  const doomed = await rename(path, condemned).then(
    () => condemned,
    (thrown) => {
      if (systemErrorCode(thrown) !== 'EXDEV') throw thrown;
      return path;
    },
  );
  onStep('take the name off a folder to remove');
  await rm(doomed, { recursive: true, force: true });
  onStep('remove a folder');
}

const LEFTOVER = /^\.(.+)\.(tmp|old)-[0-9a-f]{12}$/;

/** Whether a name is one that only an unfinished writer leaves. */
export const isLeftover = (name: string): boolean => LEFTOVER.exec(name)?.[2] === 'tmp';

/**
 * Tidies a folder after writers that died in it: unfinished folders go, and an old folder that stood
 * aside while its successor never got the name takes its name back. Only for the one owner of `parent`, or of the one
 * folder `only` in it.
 * Returns the names it removed or gave back.
 */
export async function tidyAfterCrash(parent: string, only?: string): Promise<string[]> {
  const tidied: string[] = [];
  for (const name of await readdir(parent).catch(() => [])) {
    const match = LEFTOVER.exec(name);
    if (match === null || (only !== undefined && match[1] !== only)) continue;
    const [from, target] = [join(parent, name), join(parent, match[1]!)];
    if (match[2] === 'old' && !existsSync(target)) await rename(from, target);
    else await rm(from, { recursive: true, force: true });
    tidied.push(name);
  }
  return tidied;
}
