/** Which processes can open each other's shared memory. */
import { createHash, randomBytes } from 'node:crypto';
import { existsSync, readFileSync, readlinkSync } from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';

/**
 * 16 hexadecimal digits, the same for processes that can open each other's `/proc/PID/fd` (shared-memory.ts): one boot
 * of one machine, one namespace of process ids and of users, one user and group. The name of the host is in it too, so
 * containers count as hosts. Without /proc each process is a host of its own.
 */
export function hostIdentity(proc = '/proc'): string {
  if (!existsSync(join(proc, 'self', 'ns'))) return randomBytes(8).toString('hex');
  const facts = [
    hostname(),
    readFileSync(join(proc, 'sys/kernel/random/boot_id'), 'utf8'),
    ...['pid', 'user'].map((kind) => readlinkSync(join(proc, 'self/ns', kind))),
    ...[process.geteuid!(), process.getegid!()],
  ];
  return createHash('sha256').update(JSON.stringify(facts)).digest('hex').slice(0, 16);
}
