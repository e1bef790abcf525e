/** Which processes can open each other's shared memory. */
import { createHash } from 'node:crypto';
import { readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';

/**
 * 16 hexadecimal digits, the same for processes that can open each other's `/proc/PID/fd` (shared-memory.ts): one boot
 * of one machine, one namespace of process ids and of users, one user and group. The name of the host is in it too, so
 * containers count as hosts.
 */
export function hostIdentity(): string {
  const facts = [
    hostname(),
    readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'),
    ...['pid', 'user'].map((kind) => readlinkSync(`/proc/self/ns/${kind}`)),
    ...[process.geteuid!(), process.getegid!()],
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
