/**
 * Reading what must be a file. A named pipe or a device in its place would keep its reader for ever, so neither is opened
 * as one: not where somebody sent a folder, and not where a neighbour can write.
 */
import {
  type BigIntStats,
  closeSync,
  constants,
  fstatSync,
  openSync,
  readFileSync,
  readSync,
} from 'node:fs';
import { type FileHandle, open } from 'node:fs/promises';
import { systemErrorCode } from './system-error.ts';

const { O_RDONLY, O_NONBLOCK } = constants;
/** No text that Lockstep writes comes near; JSON of that size takes seconds. */
const MOST_TEXT_BYTES = 2 ** 28;
const PIPE_PATIENCE_MS = 10_000;
const PIPE_PAUSE_MS = 20;

/**
 * Opens a file for reading.
 * @throws the file system's error; EISDIR for a folder, one with the code ERR_NOT_A_FILE for a pipe or a device
 */
export async function openFile(path: string): Promise<FileHandle> {
  const file = await open(path, O_RDONLY | O_NONBLOCK);
  try {
    refuseOther(path, await file.stat());
    return file;
  } catch (thrown) {
    await file.close();
    throw thrown;
  }
}

/** The same at once; the caller closes the descriptor. */
export function openFileSync(path: string): number {
  const file = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    refuseOther(path, factsOf(file));
    return file;
  } catch (thrown) {
    closeSync(file);
    throw thrown;
  }
}

/** All bytes of a file. @throws as `openFile` */
export async function readBytes(path: string): Promise<Buffer> {
  const file = await openFile(path);
  return await file.readFile().finally(() => file.close());
}

/** All bytes of a file, at once. @throws as `openFile` */
export function readBytesSync(path: string): Buffer {
  return withFile(path, (file) => readFileSync(file));
}

/** A file's text. @throws as `openFile`; an error with the code ERR_FS_FILE_TOO_LARGE beyond 256 MiB */
export function readTextSync(path: string): string {
  return withFile(path, (file) => {
    if (fstatSync(file).size > MOST_TEXT_BYTES) {
      throw failure(path, 'ERR_FS_FILE_TOO_LARGE', 'is too large for a text');
    }
    return readFileSync(file, 'utf8');
  });
}

/** The text of a file's last bytes, at most so many: it may begin within a character. @throws as `openFile` */
export function readEndSync(path: string, mostBytes: number): string {
  return withFile(path, (file) => {
    const { size } = fstatSync(file);
    const end = Buffer.alloc(Math.min(size, mostBytes));
    readSync(file, end, 0, end.length, size - end.length);
    return end.toString('utf8');
  });
}

/**
 * The text of a file, or what comes through a pipe, such as the one of a shell's <(…); undefined if it has more bytes.
 * @throws the file system's error; ETIMEDOUT after ten seconds in which nothing came through the pipe
 */
export function readPipedTextSync(path: string, mostBytes: number): string | undefined {
  const file = openSync(path, O_RDONLY | O_NONBLOCK);
  try {
    const facts = factsOf(file);
    if (facts.isFIFO()) return readPipe(path, file, mostBytes);
    refuseOther(path, facts);
    return facts.size > mostBytes ? undefined : readFileSync(file, 'utf8');
  } finally {
    closeSync(file);
  }
}

function readPipe(path: string, file: number, mostBytes: number): string | undefined {
  const parts: Buffer[] = [];
  let bytes = 0;
  for (let waitedMs = 0; waitedMs < PIPE_PATIENCE_MS; ) {
    const part = readPart(file);
    if (part === undefined) {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, PIPE_PAUSE_MS);
      waitedMs += PIPE_PAUSE_MS;
      continue;
    }
    if (part.length === 0) return Buffer.concat(parts).toString('utf8');
    waitedMs = 0;
    parts.push(part);
    bytes += part.length;
    if (bytes > mostBytes) return undefined;
  }
  throw failure(path, 'ETIMEDOUT', 'is a pipe through which nothing comes');
}

/** Undefined when there is nothing yet; empty at the end, and without a writer. */
function readPart(file: number): Buffer | undefined {
  const bytes = Buffer.alloc(65_536);
  try {
    return bytes.subarray(0, readSync(file, bytes));
  } catch (thrown) {
    if (systemErrorCode(thrown) === 'EAGAIN') return undefined;
    throw thrown;
  }
}

/** As bigint: Node 20's realpath goes wrong after a look at a pipe or socket that was not. */
export const factsOf = (file: number): BigIntStats => fstatSync(file, { bigint: true });

/** Refuses what is no file, by the facts of the open one. @throws an error with the code EISDIR or ERR_NOT_A_FILE */
export function refuseOther(
  path: string,
  facts: Pick<BigIntStats, 'isFile' | 'isDirectory'>,
): void {
  if (facts.isDirectory()) throw failure(path, 'EISDIR', 'is a folder');
  if (!facts.isFile()) throw failure(path, 'ERR_NOT_A_FILE', 'is no file');
}

function withFile<Result>(path: string, read: (file: number) => Result): Result {
  const file = openFileSync(path);
  try {
    return read(file);
  } finally {
    closeSync(file);
  }
}

const failure = (path: string, code: string, what: string): Error =>
  Object.assign(new Error(`"${path}" ${what}`), { code, syscall: 'open', path });
