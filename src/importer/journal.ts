/**
 * What an import has read of a large source, in a file beside its target: an import that was interrupted goes on from
 * there. Each entry has its sizes, a checksum and a batch of items; one that a crash tore ends the journal.
 */
import { type FileHandle, open, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join, resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { LockstepError } from '../core/errors.ts';
import { writeFailure } from '../core/file-error.ts';
import { type FolderLock, lockFolder } from '../core/folder-lock.ts';
import { ensureFolders } from '../core/make-folders.ts';
import { readBytes } from '../core/read-file.ts';
import { readFully } from '../data/format/read-fully.ts';
import type { ImportItem } from '../data/record.ts';
import { decodeBatch, type EncodedBatch, type ReadBatch } from './item-batch.ts';

const ITEMS_FILE = 'items';
const SOURCE_FILE = 'source';
/** Of the entries: a journal of another one is of no use. */
const FORMAT = 2;
/** Sizes of an entry's items and of their values, and their checksum. */
const HEADER_BYTES = 12;
/** Items in memory before there is a file. A source with less is read again as fast. */
const BUFFER_BYTES = 32 * 2 ** 20;
/** Later, items in memory before they are written. */
const WRITE_BYTES = 4 * 2 ** 20;
/** Ends a journal that has all items. */
const COMPLETE: EncodedBatch = { items: Buffer.from('complete'), values: new Uint8Array(0) };

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
  #writing: Promise<void> | undefined;
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
   * @param identity what tells the source and how it is read
   * @throws LockstepError RUN_LOCKED while another import has it
   */
  static async beside(
    target: string,
    identity: string,
    bufferBytes = BUFFER_BYTES,
  ): Promise<Journal> {
    const source = `${FORMAT} ${identity}`;
    const folder = journalFolder(target);
    const found = await readBytes(join(folder, SOURCE_FILE)).then(String, () => undefined);
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
   * The items that it has, then those of the source, which it takes down, batch by batch.
   * @param source passes over so many items
   */
  async *through(
    source: (passOver: number) => AsyncIterable<ReadBatch>,
  ): AsyncGenerator<readonly ImportItem[], void> {
    if (this.state === 'goes-on') yield* this.#replay();
    if (this.#isComplete) return;
    try {
      for await (const batch of source(this.#items)) {
        this.#append(batch.encode());
        this.#items += batch.items.length;
        if (this.#isFull) await this.#flush();
        yield batch.items;
      }
      this.#isComplete = true;
    } finally {
      if (this.#file !== undefined) await this.#finish();
    }
  }

  /** Keeps what is on the disk. */
  async close(): Promise<void> {
    await this.#writing?.catch(() => {});
    await this.#file?.close();
    this.#file = undefined;
    this.#lock?.release();
    this.#lock = undefined;
  }

  async remove(): Promise<void> {
    await this.close();
    await rm(this.folder, { recursive: true, force: true });
  }

  async *#replay(): AsyncGenerator<readonly ImportItem[], void> {
    this.#file = await open(join(this.folder, ITEMS_FILE), 'r+');
    const { size } = await this.#file.stat();
    for (let entry = await this.#read(size); entry; entry = await this.#read(size)) {
      if (COMPLETE.items.every((byte, at) => byte === entry.items[at])) {
        this.#isComplete = true;
        return;
      }
      const items = decodeBatch(entry);
      this.#items += items.length;
      yield items;
    }
    await this.#file.truncate(this.#end);
  }

  /** The next whole entry of a file of `size` bytes. */
  async #read(size: number): Promise<EncodedBatch | undefined> {
    const header = Buffer.alloc(HEADER_BYTES);
    await this.#file!.read(header, 0, HEADER_BYTES, this.#end);
    const [start, itemBytes] = [this.#end + HEADER_BYTES, header.readUInt32LE(0)];
    const end = start + itemBytes + header.readUInt32LE(4);
    // A crash may leave zeros.
    if (itemBytes === 0 || end > size) return undefined;
    const items = new Uint8Array(itemBytes);
    const values = new Uint8Array(end - start - itemBytes);
    await readFully(this.#file!, items, start);
    await readFully(this.#file!, values, start + itemBytes);
    if (checksumOf({ items, values }) !== header.readUInt32LE(8)) return undefined;
    this.#end = end;
    return { items, values };
  }

  get #isFull(): boolean {
    const most = this.#file === undefined ? this.#bufferBytes : WRITE_BYTES;
    return this.#waitingBytes >= Math.min(most, this.#bufferBytes);
  }

  #append(entry: EncodedBatch): void {
    const { items, values } = entry;
    const header = Buffer.alloc(HEADER_BYTES);
    header.writeUInt32LE(items.length, 0);
    header.writeUInt32LE(values.length, 4);
    header.writeUInt32LE(checksumOf(entry), 8);
    this.#waiting.push(Buffer.concat([header, items]), values);
    this.#waitingBytes += HEADER_BYTES + items.length + values.length;
  }

  /** Writes all that waits, while the source is read on. @throws LockstepError as `#settle` */
  async #flush(): Promise<void> {
    await this.#settle();
    this.#file ??= await this.#begin().catch((error) => this.#fail(error));
    this.#writing = this.#write(this.#file, this.#waiting);
    // What becomes of it, `#settle` says.
    this.#writing.catch(() => {});
    [this.#waiting, this.#waitingBytes] = [[], 0];
  }

  async #finish(): Promise<void> {
    if (this.#isComplete) this.#append(COMPLETE);
    await this.#flush();
    await this.#settle();
  }

  /** Ends when all is written. @throws LockstepError OUT_OF_RESOURCES, USAGE when it cannot write */
  async #settle(): Promise<void> {
    await this.#writing?.catch((error) => this.#fail(error));
  }

  #fail(error: unknown): never {
    throw writeFailure(error, this.folder, this.#end);
  }

  async #write(file: FileHandle, pieces: readonly Uint8Array[]): Promise<void> {
    for (const bytes of pieces) {
      for (let done = 0; done < bytes.length; ) {
        const { bytesWritten } = await file.write(bytes, done, bytes.length - done, this.#end);
        done += bytesWritten;
        this.#end += bytesWritten;
      }
    }
  }

  async #begin(): Promise<FileHandle> {
    await ensureFolders(this.folder);
    this.#lock = lockJournal(this.folder);
    const [items, source] = [join(this.folder, ITEMS_FILE), join(this.folder, SOURCE_FILE)];
    for (const left of [items, source]) await rm(left, { recursive: true, force: true });
    const file = await open(items, 'wx+');
    await writeFile(source, this.#source, { flag: 'wx' });
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

const checksumOf = ({ items, values }: EncodedBatch): number => crc32(values, crc32(items));

/** Where the journal of an import into `target` is. */
export const journalFolder = (target: string): string =>
  join(dirname(resolve(target)), `.${basename(resolve(target))}.import`);
