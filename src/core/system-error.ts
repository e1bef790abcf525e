/**
 * What errors of the operating system and of the memory mean to a person. They are about the user's files, disks and
 * limits, never a defect.
 */

import { constants } from 'node:os';

export interface SystemProblem {
  /** USAGE: another path or permission helps. OUT_OF_RESOURCES: space, or a higher limit. */
  readonly code: 'USAGE' | 'OUT_OF_RESOURCES';
  /** What is the matter, as the end of a sentence. */
  readonly reason: string;
  readonly advice: string;
}

/** The `code` of a Node system error ("ENOENT"), or undefined for anything else. */
export function systemErrorCode(thrown: unknown): string | undefined {
  if (!(thrown instanceof Error)) return undefined;
  const { code, errno } = thrown as NodeJS.ErrnoException;
  if (typeof code !== 'string') return undefined;
  // libuv has no name for some, such as EDQUOT: "Unknown system error -122".
  return code.startsWith('Unknown system error') ? nameOf(errno) : code;
}

function nameOf(errno: number | undefined): string | undefined {
  return Object.entries(constants.errno).find(([, number]) => number === -(errno ?? 0))?.[0];
}

const FREE_SPACE =
  'Free space there or choose a folder on another file system; what was there before is unharmed.';
const FULL: Readonly<Record<string, string>> = {
  ENOSPC: 'the file system is full',
  EDQUOT: "the user's disk quota is used up",
  EFBIG: 'the file would be larger than the file-size limit allows',
};

const DENIED: Readonly<Record<string, string>> = {
  EACCES: 'permission was denied',
  ENOENT: 'there is no such file or folder',
  EPERM: 'the operation is not permitted',
  EROFS: 'the file system is read-only',
  ENOTDIR: 'a part of the path is a file, not a folder',
  EISDIR: 'it is a folder, not a file',
  // Of rmSync.
  ERR_FS_EISDIR: 'it is a folder, not a file',
  ERR_NOT_A_FILE: 'it is a pipe or a device, not a file',
  ERR_FS_FILE_TOO_LARGE: 'it is larger than any file of its kind',
  EEXIST: 'something else has that name',
  ENOTEMPTY: 'the folder of that name is not empty',
  ENAMETOOLONG: 'a name in it is longer than the file system allows',
  ELOOP: 'its links lead in a circle, or it is a link where none may be',
  EXDEV: 'it leads to another file system',
  EBUSY: 'it is in use',
  ENXIO: 'it is a pipe or device that nobody reads',
  EINVAL: 'the file system cannot do that with it',
  EOPNOTSUPP: 'the file system cannot do that with it',
};

const BROKEN: Readonly<Record<string, string>> = {
  EIO: 'the disk reports an error',
  ESTALE: 'the server of the file system no longer knows it',
  ENOTCONN: 'the program behind the file system is gone',
  ENODEV: 'its device is gone',
  ETIMEDOUT: 'the file system does not answer',
  // libuv's name for what it has no name for, such as EDQUOT in a synchronous write.
  UNKNOWN:
    'the file system reports an error that has no name, such as a disk quota that is used up',
};

const MEMORY: SystemProblem = {
  code: 'OUT_OF_RESOURCES',
  reason: 'there is not enough memory',
  advice:
    'Raise the limit of memory (ulimit -v, or the memory of the container or job), end other programs, or use fewer --workers.',
};

/** A gigabyte without a line feed is rarely meant as one line. */
const TOO_LONG: SystemProblem = {
  code: 'OUT_OF_RESOURCES',
  reason: 'a line or a text is longer than 512 MiB',
  advice:
    'Look whether it is the file that was meant; divide long sequences, or give them as .npy or Parquet.',
};

const LIMITS: Readonly<Record<string, SystemProblem>> = {
  EMFILE: {
    code: 'OUT_OF_RESOURCES',
    reason: 'this process has as many open files as it may have',
    advice: 'Raise the limit of open files: ulimit -n 4096.',
  },
  ENFILE: {
    code: 'OUT_OF_RESOURCES',
    reason: 'this machine has as many open files as it may have',
    advice: 'End other programs, or raise fs.file-max.',
  },
  EAGAIN: {
    code: 'OUT_OF_RESOURCES',
    reason: 'no further process or thread may be started',
    advice:
      'Raise the limit of processes (ulimit -u, or pids of the container or job), or use fewer --workers.',
  },
  ENOMEM: MEMORY,
  ERR_WORKER_OUT_OF_MEMORY: MEMORY,
  ERR_STRING_TOO_LONG: TOO_LONG,
};

/** What V8 says when it gets no memory for a buffer or for WebAssembly. */
const NO_MEMORY = /Array buffer allocation failed|could not allocate memory|Out of memory/i;

/** The folder that a process is in may be removed under it. */
const NO_CURRENT_FOLDER: SystemProblem = {
  code: 'USAGE',
  reason: 'it was removed (ENOENT)',
  advice: 'Change to a folder that is there, such as by: cd ~',
};

const isCurrentFolder = (thrown: unknown): boolean =>
  (thrown as NodeJS.ErrnoException | undefined)?.syscall === 'uv_cwd';

/** The problem that an error of the system tells of; undefined for other errors. */
export function systemProblem(thrown: unknown): SystemProblem | undefined {
  const code = systemErrorCode(thrown) ?? '';
  if (code === 'ENOENT' && isCurrentFolder(thrown)) return NO_CURRENT_FOLDER;
  if (FULL[code] !== undefined) {
    return { code: 'OUT_OF_RESOURCES', reason: `${FULL[code]} (${code})`, advice: FREE_SPACE };
  }
  if (DENIED[code] !== undefined) {
    const advice = 'Choose a path that you may use so.';
    return { code: 'USAGE', reason: `${DENIED[code]} (${code})`, advice };
  }
  if (BROKEN[code] !== undefined) {
    const advice = 'Look at the disk and its mount, then try again.';
    return { code: 'OUT_OF_RESOURCES', reason: `${BROKEN[code]} (${code})`, advice };
  }
  const limit = LIMITS[code === 'ERR_WORKER_INIT_FAILED' ? innerCode(thrown) : code];
  if (limit !== undefined) return { ...limit, reason: `${limit.reason} (${code})` };
  const isMemory = thrown instanceof Error && NO_MEMORY.test(thrown.message);
  return isMemory ? { ...MEMORY, reason: `${MEMORY.reason} (${thrown.message})` } : undefined;
}

/** "Worker initialization failure: EMFILE" */
function innerCode(thrown: unknown): string {
  return /: (E[A-Z]+)/.exec((thrown as Error).message)?.[1] ?? '';
}

const VERBS: Readonly<Record<string, string>> = {
  open: 'open',
  read: 'read',
  scandir: 'list',
  opendir: 'list',
  stat: 'look at',
  lstat: 'look at',
  access: 'look at',
  statfs: 'look at',
  realpath: 'look at',
  readlink: 'look at',
  mkdir: 'make the folder',
  mkdtemp: 'make the folder',
  rmdir: 'remove',
  unlink: 'remove',
  rm: 'remove',
  rename: 'rename',
  link: 'link',
};

/** What was attempted: `Cannot open "x"`. */
export function attemptOf(thrown: unknown): string {
  const { syscall = '', path } = thrown as NodeJS.ErrnoException;
  if (isCurrentFolder(thrown)) return 'Cannot use the current folder';
  if (syscall.startsWith('spawn')) return 'Cannot start another process';
  if (systemErrorCode(thrown) === 'ERR_WORKER_INIT_FAILED') return 'Cannot start another thread';
  const verb = VERBS[syscall] ?? (syscall === '' ? 'go on' : 'write');
  if (syscall === '') return 'Cannot go on';
  return path === undefined ? `Cannot ${verb} a file` : `Cannot ${verb} "${path}"`;
}
