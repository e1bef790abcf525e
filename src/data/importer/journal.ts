/**
 * What an import has read of a large source, in a file beside its target: an import that was interrupted goes on from
 * there. Each entry has its size, a checksum and an item; one that a crash tore ends the journal.
 */
import { type FileHandle, mkdir, open, readFile, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { deserialize, serialize } from 'node:v8';
import { crc32 } from 'node:zlib';
import { LockstepError } from '../../core/errors.ts';
import { writeFailure } from '../../core/file-error.ts';
import { type FolderLock, lockFolder } from '../../core/folder-lock.ts';
import { type ImportItem, isSkip } from './record.ts';

const ITEMS_FILE = 'items';
const SOURCE_FILE = 'source';
/** Size and checksum of an entry. */
const HEADER_BYTES = 8;
/** Items in memory before they are written. A source with less is read again as fast. */
const BUFFER_BYTES = 32 * 2 ** 20;
/** Ends a journal that has all items. */
const COMPLETE = 'complete';

/** What the folder of a journal was found to be. */
export type JournalState = 'new' | 'goes-on' | 'other-source';

/** The items of one source. `close` or `remove` it after use. */
export class Journal {
  readonly folder: string;
  readonly state: JournalState;
  readonly #source: string;
  #lock: FolderLock | undefined;
  readonly #bufferBytes: number;
  #file: FileHandle | undefined;
  #waiting: Uint8Array[] = [];
  #waitingBytes = 0;
  #end = 0;
  #items = 0;
  #isComplete = false;

  private constructor(folder: string, source: string, state: JournalState, bufferBytes: number) {
    this.folder = folder;
    this.state = state;
    this.#source = source;
    this.#bufferBytes = bufferBytes;
  }

  /**
   * The journal of an import into `target`. One of another source is removed.
   * @param source what identifies the source and how it is read
   * @throws LockstepError RUN_LOCKED while another import has it
   */
  static async beside(
    target: string,
    source: string,
    bufferBytes = BUFFER_BYTES,
  ): Promise<Journal> {
    const folder = journalFolder(target);
    const found = await readFile(join(folder, SOURCE_FILE), 'utf8').catch(() => undefined);
    const state = found === source ? 'goes-on' : found === undefined ? 'new' : 'other-source';
    const journal = new Journal(folder, source, state, bufferBytes);
    if (state !== 'new') journal.#lock = lockJournal(folder);
    if (state === 'other-source') await journal.remove();
    return journal;
  }

  /** Items that it has. */
  get items(): number {
    return this.#items;
  }

  /** Whether they are on the disk; those of a small source are not. */
  get isOnDisk(): boolean {
    return this.#file !== undefined;
  }

  /**
   * The items that it has, then those of the source, which it takes down.
   * @param source passes over so many items
   */
  async *through(
    source: (passOver: number) => AsyncIterable<ImportItem>,
  ): AsyncGenerator<ImportItem, void> {
    if (this.state === 'goes-on') yield* this.#replay();
    if (this.#isComplete) return;
    try {
      for await (const item of source(this.#items)) {
        await this.#append(item);
        yield item;
      }
      this.#isComplete = true;
      if (this.#file !== undefined) await this.#append(COMPLETE);
    } finally {
      if (this.#file !== undefined) await this.#flush();
    }
  }

  /** Keeps what is on the disk. */
  async close(): Promise<void> {
    await this.#file?.close();
    this.#file = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async *#replay(): AsyncGenerator<ImportItem, void> {
    this.#file = await open(join(this.folder, ITEMS_FILE), 'r+');
    for (let entry = await this.#read(); entry !== undefined; entry = await this.#read()) {
      if (entry === COMPLETE) {
        this.#isComplete = true;
        return;
      }
      this.#items++;
      yield entry;
    }
    await this.#file.truncate(this.#end);
  }

  /** The next whole entry. */
  async #read(): Promise<ImportItem | typeof COMPLETE | undefined> {
    const header = Buffer.alloc(HEADER_BYTES);
    const { bytesRead } = await this.#file!.read(header, 0, HEADER_BYTES, this.#end);
    if (bytesRead < HEADER_BYTES) return undefined;
    const bytes = Buffer.alloc(header.readUInt32LE(0));
    const body = await this.#file!.read(bytes, 0, bytes.length, this.#end + HEADER_BYTES);
    if (body.bytesRead < bytes.length || crc32(bytes) !== header.readUInt32LE(4)) return undefined;
    this.#end += HEADER_BYTES + bytes.length;
    return deserialize(bytes) as ImportItem | typeof COMPLETE;
  }

  async #append(item: ImportItem | typeof COMPLETE): Promise<void> {
    const bytes = serialize(item === COMPLETE ? item : compact(item));
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(bytes.length, 0);
    header.writeUInt32LE(crc32(bytes), 4);
    this.#waiting.push(header, bytes);
    this.#waitingBytes += header.length + bytes.length;
    if (item !== COMPLETE) this.#items++;
    if (this.#waitingBytes >= this.#bufferBytes) await this.#flush();
  }

  /** @throws LockstepError OUT_OF_RESOURCES, USAGE when it cannot write */
  async #flush(): Promise<void> {
    try {
      await this.#write();
    } catch (error) {
      throw writeFailure(error, this.folder, this.#end);
    }
  }

  async #write(): Promise<void> {
    this.#file ??= await this.#begin();
    const bytes = Buffer.concat(this.#waiting);
    [this.#waiting, this.#waitingBytes] = [[], 0];
    for (let done = 0; done < bytes.length; ) {
      const { bytesWritten } = await this.#file.write(bytes, done, bytes.length - done, this.#end);
      done += bytesWritten;
      this.#end += bytesWritten;
    }
  }

  async #begin(): Promise<FileHandle> {
    await mkdir(this.folder, { recursive: true });
    this.#lock = lockJournal(this.folder);
    const file = await open(join(this.folder, ITEMS_FILE), 'w+');
    await writeFile(join(this.folder, SOURCE_FILE), this.#source);
    return file;
  }
}

function lockJournal(folder: string): FolderLock {
  try {
    return lockFolder(folder);
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    const advice = 'Wait until it ends, or import into another folder.';
    throw new LockstepError(thrown.code, thrown.message, advice, { cause: thrown });
  }
}

/** Where the journal of an import into `target` is. */
export const journalFolder = (target: string): string =>
  join(dirname(resolve(target)), `.${basename(resolve(target))}.import`);

/** The item with its values in the narrowest type that holds each of them exactly. */
function compact(item: ImportItem): ImportItem {
  return isSkip(item) ? item : { ...item, values: narrowest(item.values) };
}

function narrowest(values: ArrayLike<number>): ArrayLike<number> {
  if (ArrayBuffer.isView(values) && !(values instanceof Float64Array)) return values;
  const largest = largestInteger(values);
  if (largest !== undefined && largest < 2 ** 8) return new Uint8Array(values);
  if (largest !== undefined && largest < 2 ** 16) return new Uint16Array(values);
  return areSingle(values) ? new Float32Array(values) : new Float64Array(values);
}

/** Undefined unless all are non-negative integers, and not −0. */
function largestInteger(values: ArrayLike<number>): number | undefined {
  let largest = 0;
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    if (value !== (value | 0) || value < 0 || Object.is(value, -0)) return undefined;
    if (value > largest) largest = value;
  }
  return largest;
}

function areSingle(values: ArrayLike<number>): boolean {
  for (let i = 0; i < values.length; i++) {
    if (!Object.is(Math.fround(values[i]!), values[i])) return false;
  }
  return true;
}
