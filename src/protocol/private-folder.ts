/** The folder that holds a run's Unix sockets, or its keys, on one host: private to its user, with a short path. */
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { makeTemporaryFolder, temporaryPrefix } from '../core/temporary-folder.ts';

/** Linux: `sun_path` holds 108 bytes, the last of them 0. A longer path is cut silently, or refused. */
const MAX_SOCKET_PATH_BYTES = 107;
const LONGEST_NAME = 'worker-99999-99999.sock';

/**
 * A new folder with mode 0700 under `parent` (default: the system's temporary folder, see TMPDIR).
 * Throws USAGE when sockets in it would have too long a path.
 */
export function makePrivateFolder(parent = tmpdir()): string {
  // Checked before anything is made; mkdtemp adds six characters.
  socketPath(`${temporaryPrefix('', parent)}XXXXXX`, LONGEST_NAME);
  return makeTemporaryFolder('', parent);
}

/** ZeroMQ endpoint of the socket `name` in `folder`. Throws USAGE when its path is too long. */
export function ipcEndpoint(folder: string, name: string): string {
  return `ipc://${socketPath(folder, name)}`;
}

function socketPath(folder: string, name: string): string {
  const path = join(folder, name);
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return path;
  throw new LockstepError(
    'USAGE',
    `Cannot use the Unix socket "${path}": its path has ${bytes} bytes, at most ${MAX_SOCKET_PATH_BYTES} are possible.`,
    'Set TMPDIR to a folder with a shorter path, such as /tmp, or use tcp.',
  );
}
