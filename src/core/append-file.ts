/** Files of ours that grow line by line: logs, metrics, what processes print. */
import { constants, openSync } from 'node:fs';

export interface AppendOptions {
  /** Whether the file is also read. @default false */
  readonly reads?: boolean;
  /** Of a new file, less the umask. @default 0o644 */
  readonly mode?: number;
}

/**
 * Opens a file for appending, and makes it. A pipe without a reader takes nothing, and a link may lead to any file of this
 * user's: neither is opened.
 * @throws the file system's error
 */
export function openForAppending(
  path: string,
  { reads = false, mode = 0o644 }: AppendOptions = {},
): number {
  const { O_APPEND, O_CREAT, O_RDWR, O_WRONLY, O_NONBLOCK, O_NOFOLLOW } = constants;
  const access = reads ? O_RDWR : O_WRONLY;
  return openSync(path, O_APPEND | O_CREAT | access | O_NONBLOCK | O_NOFOLLOW, mode);
}
