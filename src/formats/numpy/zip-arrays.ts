/** The arrays of a .npz file, which is a zip archive of .npy files. */
import { Readable } from 'node:stream';
import { crc32 } from 'node:zlib';
import { type Entry, fromRandomAccessReaderPromise, RandomAccessReader, type ZipFile } from 'yauzl';
import { LockstepError } from '../../core/errors.ts';
import { listNames } from '../../core/name-list.ts';
import { didYouMean } from '../../core/nearest-name.ts';
import { openRandomAccess, type RandomAccess } from '../../source/file/scratch-file.ts';
import { sourceError } from '../../source/file/source-error.ts';
import { optionName } from '../../source/rules/refuse-useless.ts';
import { NpyArray } from './npy-array.ts';

const ENDING = '.npy';

export class ZipArrays {
  readonly #path: string;
  readonly #file: RandomAccess;
  readonly #zip: ZipFile;
  readonly #entries: ReadonlyMap<string, Entry>;

  private constructor(
    path: string,
    file: RandomAccess,
    zip: ZipFile,
    entries: ReadonlyMap<string, Entry>,
  ) {
    this.#path = path;
    this.#file = file;
    this.#zip = zip;
    this.#entries = entries;
  }

  /** @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for anything but a zip archive */
  static async open(path: string): Promise<ZipArrays> {
    const file = await openRandomAccess(path);
    try {
      const options = { lazyEntries: true, autoClose: false } as const;
      const zip = await fromRandomAccessReaderPromise(new ZipReader(file), file.size, options);
      return new ZipArrays(path, file, zip, await entriesOf(zip));
    } catch (error) {
      await file.close();
      throw damaged(path, error);
    }
  }

  get names(): string[] {
    return [...this.#entries.keys()];
  }

  /**
   * Opens an array.
   * @param role what it is wanted for
   * @throws LockstepError DATA_INVALID for a name that the archive does not have
   */
  async array(name: string, role: string): Promise<NpyArray> {
    const entry = this.#entries.get(name);
    if (entry !== undefined) return await NpyArray.open(`${this.#path}:${name}`, this.#read(entry));
    const names = this.names;
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${this.#path}": it has no array "${name}" for the ${role} (arrays: ${listNames(names)}).`,
      `Name one of its arrays with ${optionName(role)}.${didYouMean(name, names)}`,
    );
  }

  async *#read(entry: Entry): AsyncGenerator<Buffer> {
    let sum = 0;
    try {
      for await (const chunk of await this.#zip.openReadStreamPromise(entry)) {
        sum = crc32(chunk as Buffer, sum);
        yield chunk as Buffer;
      }
    } catch (error) {
      throw damaged(this.#path, error);
    }
    if (sum !== entry.crc32)
      throw damaged(this.#path, new Error(`wrong checksum of ${entry.fileName}`));
  }

  async close(): Promise<void> {
    this.#zip.close();
    await this.#file.close();
  }
}

function damaged(path: string, error: unknown): unknown {
  if (error instanceof LockstepError) return error;
  const reason = (error as Error).message;
  return sourceError(path, `the zip archive is damaged or cut off (${reason})`, {
    cause: error,
    advice: 'Copy or download the file again, or save it again with numpy.savez.',
  });
}

/** The arrays by name. */
async function entriesOf(zip: ZipFile): Promise<Map<string, Entry>> {
  const entries = new Map<string, Entry>();
  for await (const entry of zip.eachEntry()) {
    if (!entry.fileName.endsWith(ENDING)) continue;
    const name = entry.fileName.slice(0, -ENDING.length);
    if (entries.has(name)) throw new Error(`two arrays are called ${name}`);
    entries.set(name, entry);
  }
  return entries;
}

/** Reads ranges of an open file for yauzl. */
class ZipReader extends RandomAccessReader {
  readonly #file: RandomAccess;

  constructor(file: RandomAccess) {
    super();
    this.#file = file;
  }

  override _readStreamForRange(start: number, end: number): Readable {
    return Readable.from(pieces(this.#file, start, end));
  }

  override close(callback: (error: Error | null) => void): void {
    callback(null);
  }
}

async function* pieces(file: RandomAccess, start: number, end: number): AsyncGenerator<Buffer> {
  const PIECE = 256 * 1024;
  for (let at = start; at < end; at += PIECE) yield await file.read(at, Math.min(PIECE, end - at));
}
