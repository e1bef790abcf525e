/**
 * May a run go on from this checkpoint here? Other data or another model: no. Other numerics: yes, but
 * the bits are no longer promised, and that is said.
 */
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import type { NumericsFingerprint } from '../engine/engine.ts';
import type { CheckpointManifest } from './manifest.ts';

/** What each field of a fingerprint is called in a sentence. */
const FINGERPRINT_WORDS: Readonly<Record<keyof NumericsFingerprint, string>> = {
  engine: 'the engine',
  engineVersion: "the engine's version",
  device: 'the kind of device',
  instructionSet: "the CPU's instruction set",
  formulations: 'the formulations',
  threadsPerWorker: 'the threads per worker',
  precision: 'the precision',
  numerics: 'the numerics',
  node: "Node's version",
};

/** Each difference as a sentence; none means that equal inputs give equal bits. */
export function compareFingerprints(
  saved: NumericsFingerprint,
  here: NumericsFingerprint,
): string[] {
  return Object.entries(FINGERPRINT_WORDS).flatMap(([key, words]) => {
    const [before, now] = [saved, here].map((side) => side[key as keyof NumericsFingerprint]);
    return before === now ? [] : [`${words} (${show(before)} there, ${show(now)} here)`];
  });
}

export interface ConfigDifference {
  /** Key path, as `--set` takes it. */
  readonly path: string;
  /** `free`: changes nothing that is computed; `numerics`: bits may differ; `run`: it is another run. */
  readonly concerns: 'free' | 'numerics' | 'run';
  readonly sentence: string;
}

/**
 * Keys that a resumed run may change: where things are (the data has a hash), how often they are saved and
 * compared, what was timed; and what becomes of steps that are not finite, since a run that stopped at one goes on by skipping it.
 */
const FREE =
  /^(name|data\.(store|synthetic\..+)|checkpoint\..+|engine\.tuned\..+|nonFinite\..+|replicaCheck\..+)$/;
const NUMERICS = /^engine\..+$/;

/** Every key whose value differs between two configurations (RunConfig, or one read from a manifest). */
export function compareConfigs(
  saved: RunConfig | CheckpointManifest['config'],
  here: RunConfig | CheckpointManifest['config'],
): ConfigDifference[] {
  const [before, now] = [leavesOf(saved), leavesOf(here)];
  const paths = [...new Set([...before.keys(), ...now.keys()])];
  return paths.flatMap((path) => {
    const [old, current] = [show(before.get(path)), show(now.get(path))];
    if (old === current) return [];
    const concerns = FREE.test(path) ? 'free' : NUMERICS.test(path) ? 'numerics' : 'run';
    return [{ path, concerns, sentence: `${path} was ${old}, here it is ${current}` }];
  });
}

/** Values by dotted path; an empty object or array is a leaf, too. */
function leavesOf(value: unknown, path = '', leaves = new Map<string, unknown>()) {
  const members = typeof value === 'object' && value !== null ? Object.entries(value) : [];
  if (members.length === 0 && value !== undefined) leaves.set(path, value);
  for (const [key, member] of members) leavesOf(member, path ? `${path}.${key}` : key, leaves);
  return leaves;
}

const show = (value: unknown) => (value === undefined ? 'not set' : JSON.stringify(value));

export interface KnownCheckpoint {
  readonly path: string;
  readonly manifest: CheckpointManifest;
}

/**
 * @param here the hash of the data where they are known
 * @throws LockstepError CHECKPOINT_MISMATCH with every difference that makes it another run
 */
export function refuseOtherRun(
  { manifest, path }: KnownCheckpoint,
  here: { readonly config: RunConfig; readonly dataHash?: string | undefined },
): void {
  const configs = compareConfigs(manifest.config, here.config);
  const refusals = configs.filter((d) => d.concerns === 'run').map((d) => d.sentence);
  if (here.dataHash !== undefined && manifest.dataHash !== here.dataHash) {
    const hashes = [manifest.dataHash, here.dataHash].map((hash) => hash.slice(0, 12));
    refusals.unshift(`the data had content hash ${hashes[0]}…, here it has ${hashes[1]}…`);
  }
  if (refusals.length === 0) return;
  throw new LockstepError(
    'CHECKPOINT_MISMATCH',
    `Cannot go on from "${path}": ${refusals.join('; ')}.`,
    'Resume with the data and the configuration of the run, or start a new run under another name.',
  );
}

/**
 * Compares a checkpoint with where it is to go on. Returns the warnings for the log.
 * @throws LockstepError CHECKPOINT_MISMATCH, see `refuseOtherRun`
 */
export function checkResume(
  checkpoint: KnownCheckpoint,
  here: { config: RunConfig; dataHash: string; fingerprint: NumericsFingerprint },
): string[] {
  refuseOtherRun(checkpoint, here);
  return compareFingerprints(checkpoint.manifest.fingerprint, here.fingerprint).map(
    (difference) => `Equal bits are no longer promised: the checkpoint differs in ${difference}.`,
  );
}
