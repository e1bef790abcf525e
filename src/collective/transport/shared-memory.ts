/**
 * Memory that the processes of one host share: anonymous files of Linux (memfd_create(2)). The process that made
 * one and every process that knows its address map it. It has no name, so nothing is left when all are killed.
 */
import { randomBytes } from 'node:crypto';
import { closeSync, constants, fstatSync, ftruncateSync, openSync, readlinkSync } from 'node:fs';
import koffi from 'koffi';
import { LockstepError } from '../../core/errors.ts';

/** The address at which another process finds an arena. */
export interface ArenaAddress {
  readonly pid: number;
  readonly fd: number;
  /**
   * Random, 16 hexadecimal digits, and part of the file's name: the system may reuse the number of a file descriptor,
   * and a peer must not be able to name another file.
   */
  readonly token: string;
  readonly bytes: number;
}

/** Mapped memory. */
export interface Mapping {
  readonly memory: ArrayBuffer;
  /** Unmaps the memory; a later access kills the process. */
  readonly unmap: () => void;
}

/** Mapped memory that this process made. */
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
// Node warns when it closes a descriptor that it did not open.
const close = libc.func('int close(int fd)');
const munmap = libc.func('int munmap(void *address, size_t length)');

/**
 * Makes and maps an arena.
 * @throws LockstepError OUT_OF_RESOURCES when the system has no memory
 */
export function makeArena(bytes: number): Arena {
  const token = randomBytes(8).toString('hex');
  const fd = memfdCreate(nameOf(token), CLOSE_ON_EXEC) as number;
  if (fd < 0) throw noMemory(bytes, 'memfd_create failed');
  try {
    ftruncateSync(fd, bytes);
    const mapping = map(fd, bytes);
    if (mapping === null) throw noMemory(bytes, 'mmap failed');
    return { ...mapping, address: { pid: process.pid, fd, token, bytes } };
  } catch (thrown) {
    close(fd);
    throw thrown;
  }
}

/** Closes an arena here; nobody may touch its memory any more. Processes that map it keep its contents. */
export function closeArena({ address, unmap }: Arena): void {
  close(address.fd);
  unmap();
}

/** Maps the arena of another process of this user; null if that address has none, or another one. */
export function mapArena({ pid, fd, token, bytes }: ArenaAddress): Mapping | null {
  try {
    const path = `/proc/${pid}/fd/${fd}`;
    if (!isArena(path, token)) return null;
    // Non-blocking, since the number may belong to anything by now.
    const own = openSync(path, constants.O_RDWR | constants.O_NONBLOCK);
    try {
      if (!isArena(`/proc/self/fd/${own}`, token)) return null;
      const status = fstatSync(own);
      return status.isFile() && status.size === bytes ? map(own, bytes) : null;
    } finally {
      closeSync(own);
    }
  } catch {
    return null;
  }
}

const nameOf = (token: string): string => `lockstep-${token}`;

function isArena(path: string, token: string): boolean {
  return readlinkSync(path).startsWith(`/memfd:${nameOf(token)} `);
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
