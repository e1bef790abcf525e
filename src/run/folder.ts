/** A run's folder: where everything about it is, and that one process at a time writes it. */
import {
  closeSync,
  constants,
  existsSync,
  ftruncateSync,
  lstatSync,
  mkdirSync,
  openSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { basename, join } from 'node:path';
import { z } from 'zod';
import { type ExtensionRecord, extensionRecord } from '../config/extension-record.ts';
import { resolvedConfigToYaml } from '../config/load.ts';
import type { RunConfig } from '../config/run-config.ts';
import { isLeftover, tidyAfterCrash } from '../core/atomic-folder.ts';
import { LockstepError } from '../core/errors.ts';
import { withWriteErrors, writeFailure } from '../core/file-error.ts';
import { lockFolder } from '../core/folder-lock.ts';
import { type Lease, leaseFolder } from '../core/lease.ts';
import { isLockName } from '../core/lock-file.ts';
import { makeFolders, removeFolders } from '../core/make-folders.ts';
import { commandLine } from '../core/program-name.ts';
import { readBytesSync, readTextSync } from '../core/read-file.ts';
import { removeQuietlySync } from '../core/remove-quietly.ts';
import { systemErrorCode } from '../core/system-error.ts';
import { LOCKSTEP_VERSION } from '../core/version.ts';
import { writeWhole } from '../core/write-whole.ts';
import { decodeDigests, encodeDigests, type SequenceDigests } from '../data/sequence-digests.ts';
import {
  encodeTrainingData,
  TRAINING_DATA_FILE,
  type TrainingData,
} from '../data/training-data.ts';
import { extensionsOf, recordOf, requireExtensions } from '../extension/identity.ts';
import { loadRunConfig } from './config.ts';
import { refuseCopy } from './copy-folder.ts';
import { type FittedKind, fittedKindOf, KIND_WORDS } from './fitted/kinds.ts';
import { notARun } from './known-runs.ts';

/** The places in a run's folder. */
export interface RunPaths {
  readonly path: string;
  /** The resolved configuration. */
  readonly config: string;
  /** Names and hashes of the extensions that define what the configuration names; absent without any. */
  readonly extensions: string;
  /** What the run is trained on, see training-data.ts. */
  readonly data: string;
  /** Digests of the sequences that it is trained on, see sequence-digests.ts. */
  readonly digests: string;
  /** A log file for each process. */
  readonly logs: string;
  /** One JSON object a line. */
  readonly metrics: string;
  readonly checkpoints: string;
  /** What each finished phase ended with, by its name. */
  readonly phases: string;
  /** How the run ended last. */
  readonly exit: string;
}

export function runPaths(path: string): RunPaths {
  return {
    path,
    config: join(path, 'config.yaml'),
    extensions: join(path, 'extensions.json'),
    data: join(path, TRAINING_DATA_FILE),
    digests: join(path, 'training-sequences.bin'),
    logs: join(path, 'logs'),
    metrics: join(path, 'metrics.jsonl'),
    checkpoints: join(path, 'checkpoints'),
    phases: join(path, 'phases'),
    exit: join(path, 'exit.json'),
  };
}

/** A run's folder that this process owns until it releases it. */
export interface RunFolder extends RunPaths, Lease {
  readonly runConfig: RunConfig;
}

/** What a run's folder keeps of its data. */
export interface KeptData {
  readonly data: TrainingData;
  readonly digests: SequenceDigests;
}

/** A folder that is kept for a new run while the run is prepared. */
export interface RunFolderClaim {
  /** Writes what is kept of the data, then the resolved configuration: from now on the folder holds a run. */
  settle(config: RunConfig, kept: KeptData): RunFolder;
  /** Gives the folder up and leaves nothing of it behind; no-op after `settle`. */
  abandon(): void;
  /** The same after `settle`, for a run whose start was refused; no-op once it has a step or a checkpoint. */
  retract(): void;
}

/** How a run's folder is locked. */
export type TakeLock = (path: string) => Lease;

/** For a process that computes in its main thread, which keeps it from renewing a lease. */
export const lockForGood: TakeLock = (path) => ({
  ...lockFolder(path),
  lost: new AbortController().signal,
  check: async () => {},
});

/**
 * Makes and locks the folder of a new run, before anything that takes long.
 * @throws LockstepError RUN_EXISTS for a folder that has anything in it, RUN_LOCKED while another process uses
 *   it, USAGE or OUT_OF_RESOURCES when it can't be written
 */
export function claimRunFolder(path: string, take: TakeLock = leaseFolder): RunFolderClaim {
  const made = withWriteErrors(path, () => makeFolders(path));
  let lock: Lease | undefined;
  let isSettled = false;
  const abandon = (): void => {
    if (isSettled) return;
    lock?.release();
    removeFolders(made);
  };
  try {
    const held = withWriteErrors(path, () => take(path));
    lock = held;
    refuseUsedFolder(path);
    const settle = (config: RunConfig, kept: KeptData): RunFolder => {
      const folder = writeRunFolder(path, config, kept, held);
      isSettled = true;
      return folder;
    };
    const retract = (): void => {
      if (!isSettled || hasBegun(path)) return;
      removeContents(path);
      isSettled = false;
      abandon();
    };
    return { settle, abandon, retract };
  } catch (thrown) {
    abandon();
    throw thrown;
  }
}

function writeRunFolder(path: string, config: RunConfig, kept: KeptData, lock: Lease): RunFolder {
  const paths = runPaths(path);
  try {
    for (const folder of [paths.logs, paths.checkpoints, paths.phases]) mkdirSync(folder);
    writeFileSync(paths.metrics, '', { flag: 'wx' });
    writeExtensions(paths, extensionsOf(config).map(recordOf));
    writeWhole(paths.data, encodeTrainingData(kept.data));
    writeWhole(paths.digests, encodeDigests(kept.digests));
    // Last: it is what makes the folder a run.
    writeWhole(paths.config, `${configHeader(config)}${resolvedConfigToYaml(config)}`);
  } catch (thrown) {
    removeContents(path);
    throw writeFailure(thrown, path, 0);
  }
  return { ...paths, ...lock, runConfig: config };
}

/** Empties a folder that holds no result, but for its lock, as far as the disk lets it. */
function removeContents(path: string): void {
  for (const name of readdirSync(path)) {
    if (!isLockName(name)) removeQuietlySync(join(path, name));
  }
}

/** Whether a killed process left the folder before it held a run: all in it is a run's, but the configuration is missing. */
function isHalfMade(path: string): boolean {
  const paths = runPaths(path);
  const own = Object.values(paths).map((one) => basename(one));
  const names = readdirSync(path).filter((name) => !isLockName(name) && !isLeftover(name));
  const isOwn = names.every((name) => own.includes(name));
  return isOwn && !existsSync(paths.config) && !hasBegun(path);
}

/** Whether there is a step, a checkpoint or a finished phase. */
function hasBegun(path: string): boolean {
  const { metrics, checkpoints, phases } = runPaths(path);
  const holds = (folder: string): boolean =>
    existsSync(folder) && !readdirSync(folder).every(isLeftover);
  return sizeOf(metrics) > 0 || holds(checkpoints) || holds(phases);
}

const sizeOf = (path: string): number => statSync(path, { throwIfNoEntry: false })?.size ?? 0;

/** Removes what a start left that never became a run. */
function refuseUsedFolder(path: string): void {
  withWriteErrors(path, () => {
    if (isHalfMade(path)) removeContents(path);
    if (readdirSync(path).some((name) => !isLockName(name))) throw exists(runPaths(path));
  });
}

/**
 * Locks the folder of a run to go on with it, and tidies what a dead writer left unfinished.
 * Throws RUN_NOT_FOUND, RUN_LOCKED, CONFIG_INVALID.
 */
export async function openRunFolder(path: string): Promise<RunFolder> {
  const runConfig = readRunConfig(path);
  const paths = runPaths(path);
  const lock = withWriteErrors(path, () => leaseFolder(path));
  try {
    withWriteErrors(path, () => {
      for (const folder of [paths.logs, paths.checkpoints, paths.phases]) makeFolders(folder);
    });
    await tidyAfterCrash(path);
    await tidyAfterCrash(paths.checkpoints);
    await tidyAfterCrash(paths.phases);
  } catch (thrown) {
    lock.release();
    throw thrown;
  }
  return { ...paths, ...lock, runConfig };
}

/**
 * The folder of a run that goes on while another host leads it: workers write there, so nothing is tidied.
 * @throws LockstepError RUN_NOT_FOUND, CONFIG_INVALID, and what `take` throws
 */
export function takeRunFolder(path: string, take: TakeLock): RunFolder {
  const runConfig = readRunConfig(path);
  const lock = withWriteErrors(path, () => take(path));
  return { ...runPaths(path), ...lock, runConfig };
}

/**
 * The resolved configuration of a run.
 * @throws LockstepError RUN_NOT_FOUND, CONFIG_INVALID; USAGE for a model without steps or a copy of a run; EXTENSION_MISMATCH when an extension that the run needs is
 *   not loaded, or is another one now
 */
export function readRunConfig(path: string): RunConfig {
  refuseCopy(path);
  return readWorkersConfig(path);
}

/** The same for a worker, which may run in a copy of the run's folder. */
export function readWorkersConfig(path: string): RunConfig {
  const paths = runPaths(path);
  const kind = fittedKindOf(path);
  if (kind !== undefined) throw isFitted(path, kind);
  if (existsSync(paths.config)) {
    requireExtensions(readExtensions(paths), `The run "${path}"`);
    return loadRunConfig(paths.config);
  }
  throw notARun(path);
}

/**
 * Digests of the sequences that a run was trained on.
 * @throws LockstepError CHECKPOINT_CORRUPT
 */
export function readDigests(path: string): SequenceDigests {
  const { digests } = runPaths(path);
  const bytes = existsSync(digests) ? readBytesSync(digests) : undefined;
  if (bytes !== undefined && bytes.length % 8 === 0) return decodeDigests(bytes);
  throw new LockstepError(
    'CHECKPOINT_CORRUPT',
    `"${digests}" is ${bytes === undefined ? 'missing' : 'damaged'}: it tells which sequences the run was trained on.`,
    'Restore the file from a copy.',
  );
}

/** A run without extensions has no such file. */
function writeExtensions({ extensions }: RunPaths, records: readonly ExtensionRecord[]): void {
  if (records.length === 0) return;
  writeWhole(extensions, `${JSON.stringify({ extensions: records }, null, 2)}\n`);
}

const recordedExtensions = z.strictObject({ extensions: z.array(extensionRecord) });

function readExtensions({ extensions }: RunPaths): readonly ExtensionRecord[] {
  if (!existsSync(extensions)) return [];
  try {
    const text: unknown = JSON.parse(readTextSync(extensions));
    return recordedExtensions.parse(text).extensions;
  } catch (thrown) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `"${extensions}" is damaged: it does not name the extensions of the run.`,
      'Restore the file from a copy.',
      { cause: thrown },
    );
  }
}

const runExit = z.object({
  code: z.int(),
  reason: z.string(),
  /** Global steps done. */
  globalStep: z.int(),
  /** Path of the last good checkpoint, or null. */
  lastCheckpoint: z.string().nullable(),
  /** SHA-256 of the final state, or null. */
  stateHash: z.string().nullable(),
});

/** How a run ended; what a scheduler or a script reads. */
export type RunExit = Readonly<z.output<typeof runExit>>;

/** Space for `exit.json` on a disk that has become full meanwhile. Its name is that of an unfinished file. */
const reservedPath = ({ path }: RunPaths): string => join(path, '.exit.json.tmp-000000000000');
const RESERVED_BYTES = 4096;

/**
 * Writes `exit.json`, whole or not at all. It waits for no disk: a run's end shall not hang on one.
 * @throws LockstepError USAGE, OUT_OF_RESOURCES
 */
export function writeRunExit(paths: RunPaths, exit: RunExit): void {
  const bytes = Buffer.from(`${JSON.stringify(exit, null, 2)}\n`);
  const reserved = reservedPath(paths);
  withWriteErrors(paths.exit, () => {
    // A long reason needs new space.
    const isReserved = lstatSync(reserved, { throwIfNoEntry: false })?.isFile() ?? false;
    if (bytes.length > RESERVED_BYTES || !isReserved) writeNew(reserved, bytes);
    else fillReserved(reserved, bytes);
    renameSync(reserved, paths.exit);
  });
}

/** In the place of what is there, which may be a link to somebody's file. */
function writeNew(path: string, content: string | Uint8Array): void {
  rmSync(path, { recursive: true, force: true });
  writeFileSync(path, content, { flag: 'wx' });
}

function fillReserved(path: string, bytes: Uint8Array): void {
  const file = openSync(path, constants.O_RDWR | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  try {
    writeFileSync(file, bytes);
    ftruncateSync(file, bytes.length);
  } finally {
    closeSync(file);
  }
}

/** Begins a run's way to its next end: how it ended before is no longer true. */
export function forgetRunExit(paths: RunPaths): void {
  withWriteErrors(paths.exit, () => {
    rmSync(paths.exit, { force: true });
    writeNew(reservedPath(paths), ' '.repeat(RESERVED_BYTES));
  });
}

/** What `exit.json` says; undefined while the run hasn't ended once, or where a machine stopped before it was on disk. */
export function readRunExit(paths: RunPaths): RunExit | undefined {
  try {
    return runExit.parse(JSON.parse(readTextSync(paths.exit)));
  } catch (thrown) {
    const isUnreadable = thrown instanceof SyntaxError || thrown instanceof z.ZodError;
    if (isUnreadable || systemErrorCode(thrown) === 'ENOENT') return undefined;
    throw thrown;
  }
}

function configHeader(config: RunConfig): string {
  return [
    `# The resolved configuration of run "${config.name}": every default is filled in.`,
    `# Written by Lockstep ${LOCKSTEP_VERSION}; "lockstep resume" reads it, so leave it as it is.`,
    '',
  ].join('\n');
}

function isFitted(path: string, kind: FittedKind): LockstepError {
  return new LockstepError(
    'USAGE',
    `"${path}" is the run of ${KIND_WORDS[kind]}, which is fitted at once: there is nothing to go on with.`,
    `Evaluate it by "${commandLine('evaluate', path)}", or fit another one.`,
  );
}

function exists({ path, config, checkpoints }: RunPaths): LockstepError {
  refuseCopy(path);
  if (!existsSync(config)) {
    return new LockstepError(
      'RUN_EXISTS',
      `"${path}" is not empty and is no run's folder.`,
      'Choose another folder with --run.',
    );
  }
  const resumable = existsSync(checkpoints) && readdirSync(checkpoints).length > 0;
  return new LockstepError(
    'RUN_EXISTS',
    `"${path}" already holds a run.`,
    resumable
      ? `Go on with it by "${commandLine('resume', path)}", or choose another folder with --run.`
      : 'It has no checkpoint to resume: remove it, or choose another folder with --run.',
  );
}
