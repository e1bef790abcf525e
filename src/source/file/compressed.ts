/** The bytes of a file; those of a .gz or .zst file are decompressed on the way. */
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { LockstepError } from '../../core/errors.ts';
import { countBytes } from './bytes-read.ts';
import { readFailure } from './read-failure.ts';
import { sourceError } from './source-error.ts';
import { readZstd } from './zstd.ts';

const CHUNK_BYTES = 256 * 1024;

interface Compression {
  readonly name: string;
  readonly ending: string;
  readonly magic: Buffer;
  readonly decompress: (path: string) => AsyncIterable<Buffer>;
}

const COMPRESSIONS: readonly Compression[] = [
  { name: 'gzip', ending: '.gz', magic: Buffer.of(0x1f, 0x8b, 8), decompress: readGzip },
  {
    name: 'zstd',
    ending: '.zst',
    magic: Buffer.of(0x28, 0xb5, 0x2f, 0xfd),
    decompress: (path) => readZstd(readPlain(path)),
  },
];

/** The name that says what a file holds: without .gz or .zst. */
export function contentName(path: string): string {
  const compression = compressionOf(path);
  return compression === undefined ? path : path.slice(0, -compression.ending.length);
}

/** Whether the name of a file says that it is compressed. */
export function isCompressed(path: string): boolean {
  return compressionOf(path) !== undefined;
}

function compressionOf(path: string): Compression | undefined {
  return COMPRESSIONS.find(({ ending }) => path.toLowerCase().endsWith(ending));
}

/**
 * The content of a file in chunks. The name and the first bytes must agree on the compression.
 * @throws LockstepError DATA_NOT_FOUND; DATA_INVALID for an unreadable file, a damaged or truncated archive, and an
 * archive whose name does not say so, or the reverse
 */
export async function* readBytes(path: string): AsyncGenerator<Buffer> {
  const compression = compressionOf(path);
  try {
    await refuseOtherCompression(path, compression);
    yield* compression === undefined ? readPlain(path) : compression.decompress(path);
  } catch (error) {
    throw failureOf(error, path, compression);
  }
}

function failureOf(error: unknown, path: string, compression: Compression | undefined): unknown {
  const failure = readFailure(error, path, 'file');
  const isDamage = compression !== undefined && !(failure instanceof LockstepError);
  if (!isDamage) return failure;
  const reason = (error as Error).message;
  return sourceError(path, `the ${compression.name} archive is damaged or cut off (${reason})`, {
    cause: error,
    advice: 'Copy or download the file again.',
  });
}

function readPlain(path: string): AsyncIterable<Buffer> {
  return countBytes(createReadStream(path, { highWaterMark: CHUNK_BYTES }));
}

async function* readGzip(path: string): AsyncGenerator<Buffer> {
  const gunzip = createGunzip({ chunkSize: CHUNK_BYTES });
  // An error of the file ends the iteration; a consumer that stops early closes both.
  pipeline(readPlain(path), gunzip, () => {});
  yield* gunzip as AsyncIterable<Buffer>;
  await refuseBytesBehind(path, gunzip.bytesWritten);
}

/** zlib stops at a zero byte behind a member: tapes and block devices pad with zeros, nothing else may follow. */
async function refuseBytesBehind(path: string, end: number): Promise<void> {
  for await (const chunk of createReadStream(path, { start: end })) {
    if ((chunk as Buffer).some((byte) => byte !== 0)) throw new Error('other bytes follow it');
  }
}

const LFS_POINTER = 'version https://git-lfs.github.com/spec/';

/** @throws LockstepError DATA_INVALID for what Git has in place of a large file that was not fetched */
export function refusePointer(path: string, start: Buffer): void {
  if (!start.toString('latin1').startsWith(LFS_POINTER)) return;
  throw sourceError(path, 'it is a Git LFS pointer, not the file that it points to', {
    advice: 'Fetch that file: git lfs pull.',
  });
}

async function refuseOtherCompression(path: string, named: Compression | undefined): Promise<void> {
  const start = await firstBytes(path, LFS_POINTER.length);
  refusePointer(path, start);
  const found = COMPRESSIONS.find(({ magic }) => magic.equals(start.subarray(0, magic.length)));
  if (found === named) return;
  if (found === undefined) {
    throw sourceError(
      path,
      `its name ends in ${named!.ending}, but it is no ${named!.name} archive`,
      {
        advice: 'Rename it to what it is, or leave it out.',
      },
    );
  }
  throw sourceError(
    path,
    `it is a ${found.name} archive, but its name does not end in ${found.ending}`,
    {
      advice: `Rename it so that its name ends in ${found.ending}.`,
    },
  );
}

/** The first bytes of a file as it lies on disk: `count`, or fewer of a shorter file. */
export async function firstBytes(path: string, count: number): Promise<Buffer> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(count), 0, count, 0);
    return buffer.subarray(0, bytesRead);
  } finally {
    await file.close();
  }
}
