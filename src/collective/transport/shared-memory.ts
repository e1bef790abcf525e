/**
 * Memory that the processes of one host share: anonymous files of Linux (memfd_create(2)), mapped by who made
 * them and by whoever is told where they are. Nothing has a name, so nothing is left over when all are killed.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync } from 'node:fs';
import koffi from 'koffi';
import { LockstepError } from '../../core/errors.ts';

/** Where another process finds an arena. */
export interface ArenaAddress {
  readonly pid: number;
  readonly fd: number;
  /** Random, 16 hexadecimal digits: a file descriptor's number may be given again. */
  readonly token: string;
  readonly bytes: number;
}

export interface Mapping {
  readonly memory: ArrayBuffer;
  /** After this, touching `memory` ends the process. */
  readonly unmap: () => void;
}

export interface Arena extends Mapping {
  readonly address: ArenaAddress;
}

const CLOSE_ON_EXEC = 1;
const READ_WRITE = 1 | 2;
const SHARED = 1;
const FAILED = 0xffff_ffff_ffff_ffffn;

const libc = koffi.load('libc.so.6');
const memfdCreate = libc.func('int memfd_create(const char *name, unsigned int flags)');
const mmap = libc.func(
  'void *mmap(void *address, size_t length, int protection, int flags, int fd, long offset)',
);
// Node warns of a descriptor that it closes and did not open.
const close = libc.func('int close(int fd)');
const munmap = libc.func('int munmap(void *address, size_t length)');

/** @throws LockstepError OUT_OF_RESOURCES when the system gives no memory */
export function makeArena(bytes: number): Arena {
  const fd = memfdCreate('lockstep', CLOSE_ON_EXEC) as number;
  if (fd < 0) throw noMemory(bytes, 'memfd_create failed');
  try {
    ftruncateSync(fd, bytes);
    const mapping = map(fd, bytes);
    if (mapping === null) throw noMemory(bytes, 'mmap failed');
    const token = randomBytes(8).toString('hex');
    return { ...mapping, address: { pid: process.pid, fd, token, bytes } };
  } catch (thrown) {
    close(fd);
    throw thrown;
  }
}

/** Whoever maps it keeps what is in it; here nobody may touch it any more. */
export function closeArena({ address, unmap }: Arena): void {
  close(address.fd);
  unmap();
}

/** The arena of another process of this user; null when there is none, or another one, at that address. */
export function mapArena({ pid, fd, bytes }: ArenaAddress): Mapping | null {
  try {
    // Never waits, whatever is behind that number.
    const own = openSync(`/proc/${pid}/fd/${fd}`, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      const status = fstatSync(own);
      return status.isFile() && status.size === bytes ? map(own, bytes) : null;
    } finally {
      closeSync(own);
    }
  } catch {
    return null;
  }
}

function map(fd: number, bytes: number): Mapping | null {
  const address = mmap(null, bytes, READ_WRITE, SHARED, fd, 0) as unknown;
  if (koffi.address(address) === FAILED) return null;
  return { memory: koffi.view(address, bytes), unmap: () => munmap(address, bytes) };
}

function noMemory(bytes: number, why: string): LockstepError {
  return new LockstepError(
    'OUT_OF_RESOURCES',
    `Cannot share ${bytes} bytes of memory with the other workers: ${why}.`,
    'Free memory, or raise the memory limit of the process group.',
  );
}
