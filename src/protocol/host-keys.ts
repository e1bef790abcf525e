/**
 * The keys by which the hosts of a run know each other. Both pairs follow from one secret of 32 bytes: who knows the
 * secret is a host of the run, nobody else is.
 */
import { createPrivateKey, createPublicKey, hkdfSync } from 'node:crypto';
import { LockstepError } from '../core/errors.ts';
import { type ProcessKeys, type RunKeys, requireCurve } from './curve-keys.ts';
import { readPrivateFile, unusable } from './private-file.ts';
import { z85 } from './zap.ts';

export const SECRET_BYTES = 32;

export interface HostKeys {
  /** Of the host that leads. */
  readonly leader: RunKeys;
  /** Of every other host. */
  readonly member: RunKeys;
}

/** CURVE's keys are those of X25519. */
export function hostKeys(secret: Buffer): HostKeys {
  const [leader, member] = [pairOf(secret, 'leader'), pairOf(secret, 'member')];
  const known = { coordinatorKey: leader.publicKey, workerKeys: [member.publicKey] };
  return { leader: { ...leader, ...known }, member: { ...member, ...known } };
}

/** The public keys of the processes of one start of a run, which the leader tells all hosts. */
export type PublicKeys = Pick<RunKeys, 'coordinatorKey' | 'workerKeys'>;

/**
 * Deriving a pair takes tenths of a millisecond, so that is done once for all.
 * @param run name of this start
 */
export function publicKeysOf(secret: Buffer, run: string, worldSize: number): PublicKeys {
  const publicKey = (role: string) => pairOf(secret, `${run} ${role}`).publicKey;
  const workerKeys = Array.from({ length: worldSize }, (_, slot) => publicKey(workerRole(slot)));
  return { coordinatorKey: publicKey('coordinator'), workerKeys };
}

/** What processes on one host know: its workers, and the coordinator if the host leads or takes that over. */
export function processKeys(
  secret: Buffer,
  run: string,
  { coordinatorKey, workerKeys }: PublicKeys,
  slots: readonly number[],
): ProcessKeys {
  requireCurve();
  const known = { coordinatorKey, workerKeys };
  const keysOf = (role: string) => ({ ...pairOf(secret, `${run} ${role}`), ...known });
  const workers = new Map(slots.map((slot) => [slot, keysOf(workerRole(slot))]));
  return { coordinator: keysOf('coordinator'), workers };
}

const workerRole = (slot: number): string => `worker ${slot}`;

/** RFC 8410: what stands before the 32 bytes of a secret key. */
const PKCS8 = Buffer.from('302e020100300506032b656e04220420', 'hex');

function pairOf(secret: Buffer, role: string): { publicKey: string; secretKey: string } {
  const raw = Buffer.from(hkdfSync('sha256', secret, '', `lockstep hosts 1: ${role}`, 32));
  const key = createPrivateKey({
    key: Buffer.concat([PKCS8, raw]),
    format: 'der',
    type: 'pkcs8',
  });
  const { x } = createPublicKey(key).export({ format: 'jwk' });
  return { publicKey: z85(Buffer.from(x!, 'base64url')), secretKey: z85(raw) };
}

const MAKE_ONE = 'Make one by: (umask 077; openssl rand -hex 32 > FILE); all hosts need the same.';

/** The secret of a text; undefined for a text that is none. */
export function parseSecret(text: string): Buffer | undefined {
  const hex = text.trim();
  return /^[0-9a-fA-F]{64}$/.test(hex) ? Buffer.from(hex, 'hex') : undefined;
}

/** @throws LockstepError INSECURE, USAGE */
export function readSecretFile(path: string): Buffer {
  const file = {
    ...{ path, what: 'key file', limit: 4096 },
    ...{ whenUnreadable: MAKE_ONE, whenUnusable: MAKE_ONE },
  };
  const secret = parseSecret(readPrivateFile(file));
  if (secret === undefined)
    throw unusable(file, 'it does not hold 64 hexadecimal digits', MAKE_ONE);
  return secret;
}

/** @throws LockstepError USAGE for a value of `LOCKSTEP_KEY` that is none */
export function secretOfVariable(text: string): Buffer {
  const secret = parseSecret(text);
  if (secret !== undefined) return secret;
  const message = 'Cannot use LOCKSTEP_KEY: it does not hold 64 hexadecimal digits.';
  throw new LockstepError('USAGE', message, 'Set it to the output of "openssl rand -hex 32".');
}
