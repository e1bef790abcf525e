/** Who is at the other end of a Unix socket, as the kernel knows it: SO_PEERCRED. Node has no call for that. */
import { createRequire } from 'node:module';

const SOL_SOCKET = 1;
const SO_PEERCRED = 17;
/** pid, uid and gid, of 4 bytes each. */
const CREDENTIALS_BYTES = 12;
const USER_AT = 4;

/** The user id of the process that listens, or connected, at the other end; null where the system does not tell. */
export function peerUser(socket: number): number | null {
  try {
    const koffi = createRequire(import.meta.url)('koffi') as typeof import('koffi');
    const getsockopt = koffi
      .load('libc.so.6')
      .func('int getsockopt(int socket, int level, int name, void *value, uint32_t *length)');
    const [credentials, length] = [
      Buffer.alloc(CREDENTIALS_BYTES),
      new Uint32Array([CREDENTIALS_BYTES]),
    ];
    const status = getsockopt(socket, SOL_SOCKET, SO_PEERCRED, credentials, length) as number;
    return status === 0 ? credentials.readUInt32LE(USER_AT) : null;
  } catch {
    // Another C library than glibc.
    return null;
  }
}
