/**
 * The keys by which the processes of a run know each other over tcp (CurveZMQ): one pair for the
 * coordinator and one for each slot, made anew for each start. A key file holds what one process must know:
 * its own pair, the coordinator's public key and those of all slots. A worker that is started again in a
 * slot reads the file of that slot again.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { capability, curveKeyPair } from 'zeromq';
import { z } from 'zod';
import { LockstepError } from '../core/errors.ts';
import { withWriteErrors } from '../core/file-error.ts';
import { MOST_WORKERS } from './messages.ts';
import { readPrivateFile, unusable } from './private-file.ts';

/** 32 bytes in Z85 (rfc.zeromq.org/spec/32): all its characters are plain in JSON, none is a space. */
const key = z.string().regex(/^[0-9a-zA-Z.\-:+=^!/*?&<>()[\]{}@%$#]{40}$/);
const keyFile = z.strictObject({
  format: z.literal('lockstep-keys-1'),
  publicKey: key,
  secretKey: key,
  coordinatorKey: key,
  workerKeys: z.array(key).min(1).max(MOST_WORKERS),
});

/** What one process knows of the run's keys, in Z85. */
export interface RunKeys {
  readonly publicKey: string;
  readonly secretKey: string;
  readonly coordinatorKey: string;
  /** Public keys by slot. */
  readonly workerKeys: readonly string[];
}

/** The public keys of all workers, of 40 characters, and room. */
const MAX_FILE_BYTES = 1 << 18;

/** Throws INSECURE when this build of ZeroMQ can't encrypt. */
export function requireCurve(isCapable: boolean = capability.curve === true): void {
  if (isCapable) return;
  throw new LockstepError(
    'INSECURE',
    'Cannot use tcp: this build of ZeroMQ has no CURVE encryption.',
    'Use --transport ipc on one host, or reinstall zeromq with its prebuilt library (npm ci).',
  );
}

/** What each process of a run knows. */
export interface ProcessKeys {
  readonly coordinator: RunKeys;
  /** By slot. */
  readonly workers: ReadonlyMap<number, RunKeys>;
}

/** New ones. @throws LockstepError INSECURE */
export function makeProcessKeys(worldSize: number): ProcessKeys {
  requireCurve();
  const coordinator = curveKeyPair();
  const workers = Array.from({ length: worldSize }, () => curveKeyPair());
  const known = {
    coordinatorKey: coordinator.publicKey,
    workerKeys: workers.map(({ publicKey }) => publicKey),
  };
  return {
    coordinator: { ...coordinator, ...known },
    workers: new Map(workers.map((pair, slot) => [slot, { ...pair, ...known }])),
  };
}

/**
 * Writes a key file of mode 0600 for the coordinator and for each slot into `folder`, which must be private.
 * @returns the coordinator's keys
 */
export function writeKeyFiles(folder: string, { coordinator, workers }: ProcessKeys): RunKeys {
  const write = (path: string, keys: RunKeys): void => {
    const text = JSON.stringify({ format: 'lockstep-keys-1', ...keys });
    withWriteErrors(path, () => writeFileSync(path, text, { mode: 0o600, flag: 'wx' }));
  };
  write(coordinatorKeyFile(folder), coordinator);
  for (const [slot, keys] of workers) write(workerKeyFile(folder, slot), keys);
  return coordinator;
}

export function coordinatorKeyFile(folder: string): string {
  return join(folder, 'coordinator.keys');
}

export function workerKeyFile(folder: string, slot: number): string {
  return join(folder, `worker-${slot}.keys`);
}

/** Reads a key file. Throws INSECURE when others than its owner may read it, USAGE when it is none. */
export function readKeyFile(path: string): RunKeys {
  requireCurve();
  const file = { path, ...KEY_FILE };
  const parsed = keyFile.safeParse(parseJson(readPrivateFile(file)));
  if (!parsed.success) throw unusable(file, 'it is not a key file of Lockstep', MAKE_AGAIN);
  const { format, ...keys } = parsed.data;
  return keys;
}

/** An endpoint together with the public key of the process that listens there. */
export function keyedEndpoint(endpoint: string, publicKey: string): string {
  return `${endpoint}?key=${publicKey}`;
}

/** Takes a keyed endpoint apart. Throws INSECURE unless its key is that of a worker of the run. */
export function splitEndpoint(
  keyed: string,
  { workerKeys }: RunKeys,
): { readonly endpoint: string; readonly serverKey: string } {
  const [, endpoint, serverKey] = /^([^?]+)\?key=(.+)$/.exec(keyed) ?? [];
  if (endpoint !== undefined && serverKey !== undefined && workerKeys.includes(serverKey)) {
    return { endpoint, serverKey };
  }
  throw new LockstepError(
    'INSECURE',
    `Cannot connect to the peer at ${(endpoint ?? keyed).slice(0, 100)}: it shows no key of this run.`,
    'Start all processes from one installation, by one command.',
  );
}

const MAKE_AGAIN = 'Keys are made by the start of a run: start it again.';
const KEY_FILE = {
  what: 'key file',
  limit: MAX_FILE_BYTES,
  whenUnreadable: 'Name the file of this slot in LOCKSTEP_KEY_FILE.',
  whenUnusable: MAKE_AGAIN,
};

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
