/**
 * The name under which a worker speaks to its coordinator. ZeroMQ does not tell with which key a peer came through the
 * gate, so over encrypted connections the name itself proves it: it ends in a code that only the coordinator and the
 * owner of that slot's secret key can work out. Nobody else sees it, since connections are encrypted.
 */
import { createPrivateKey, createPublicKey, diffieHellman, hkdfSync } from 'node:crypto';
import type { RunKeys } from './curve-keys.ts';
import { keyBytes } from './zap.ts';

export interface WorkerPlace {
  readonly slot: number;
  readonly attempt: number;
}

/** RFC 8410: what stands before the 32 bytes of a secret and of a public key. CURVE's keys are those of X25519. */
const PKCS8 = '302e020100300506032b656e04220420';
const SPKI = '302a300506032b656e032100';
const CODE_BYTES = 16;

/**
 * The same on both sides.
 * @param run the run's name with the secret of this start
 * @param keys of this process, the coordinator or the worker itself; null without encryption, where nothing is proved
 */
export function workerName(
  { slot, attempt }: WorkerPlace,
  run: string,
  keys: RunKeys | null,
): string {
  const name = `worker-${slot}-${attempt}`;
  return keys === null ? name : `${name}-${codeOf(name, slot, run, keys)}`;
}

function codeOf(name: string, slot: number, run: string, keys: RunKeys): string {
  const { publicKey, secretKey, coordinatorKey, workerKeys } = keys;
  const other = publicKey === coordinatorKey ? workerKeys[slot]! : coordinatorKey;
  const shared = diffieHellman({
    privateKey: createPrivateKey({ key: der(PKCS8, secretKey), format: 'der', type: 'pkcs8' }),
    publicKey: createPublicKey({ key: der(SPKI, other), format: 'der', type: 'spki' }),
  });
  const info = `lockstep name 1: ${name}`;
  return Buffer.from(hkdfSync('sha256', shared, run, info, CODE_BYTES)).toString('hex');
}

const der = (before: string, key: string): Buffer => Buffer.from(before + keyBytes(key), 'hex');

/** Where a peer says that it is, whether that is true or not; null for a name that no worker has. */
export function placeNamed(name: string): WorkerPlace | null {
  const [, slot, attempt] = /^worker-(\d{1,5})-(\d{1,5})(?:-|$)/.exec(name)?.map(Number) ?? [];
  return slot === undefined || attempt === undefined ? null : { slot, attempt };
}

/** For a log: without the code, which is nobody's business, and without control characters. */
export const printableName = (name: string): string =>
  name.replace(/^(worker-\d{1,5}-\d{1,5})-.*$/s, '$1').replace(/[^\w-]/g, '?');
