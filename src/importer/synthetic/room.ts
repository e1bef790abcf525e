/** What a synthetic dataset takes, before any of it is made: a number with a few zeros too many would fill the disk. */
import { totalmem } from 'node:os';
import { LockstepError } from '../../core/errors.ts';
import { formatBytes } from '../../core/format.ts';
import { freeBytesAt } from '../../core/free-space.ts';
import { resolveSynthetic, type SyntheticOptions } from './synthetic-options.ts';

/** Beside its values: id, group, label and checksums. Measured, with ids of this length. */
const DISK_BYTES_PER_SEQUENCE = 130;
const MEMORY_BYTES_PER_SEQUENCE = 640;
/** They lie on the disk twice for a moment: as they were made, and ordered by length. */
const COPIES = 2;
/** Of a timestep while its sequence is made: its symbol, and its value where that is a real one. */
const MADE_BYTES = { symbols: 2, real: 2 + 4 } as const;

/** Approximate. */
export interface SyntheticSize {
  /** In all. */
  readonly timesteps: number;
  /** On the disk while it is made. */
  readonly diskBytes: number;
  /** In memory: what is kept of each sequence, the longest one, and one matrix of transitions a class. */
  readonly memoryBytes: number;
}

/** @throws LockstepError USAGE for options that `synthesize` refuses */
export function syntheticSize(options: SyntheticOptions): SyntheticSize {
  const { count, classes, symbols, length, output } = resolveSynthetic(options);
  const timesteps = count * meanLength(length);
  const valueBytes = output === 'real' ? 4 : symbols > 256 ? 2 : 1;
  const transitions = classes * symbols ** 2 * Float64Array.BYTES_PER_ELEMENT;
  return {
    timesteps,
    diskBytes: COPIES * timesteps * valueBytes + count * DISK_BYTES_PER_SEQUENCE,
    memoryBytes:
      count * MEMORY_BYTES_PER_SEQUENCE + length.maximum * MADE_BYTES[output] + transitions,
  };
}

/** Of lengths that are log-uniform. */
function meanLength({ minimum, maximum }: { minimum: number; maximum: number }): number {
  return minimum === maximum ? minimum : (maximum - minimum) / Math.log(maximum / minimum);
}

/**
 * @param store the folder to be made
 * @throws LockstepError OUT_OF_RESOURCES for a dataset that fits neither the disk nor the memory; USAGE, see `syntheticSize`
 */
export function requireRoom(options: SyntheticOptions, store: string): void {
  const { timesteps, diskBytes, memoryBytes } = syntheticSize(options);
  const what = `Cannot make ${options.count} synthetic sequences in "${store}", about ${rounded(timesteps)} timesteps`;
  const advice = 'Ask for fewer or shorter sequences, fewer symbols or fewer classes.';
  const freeBytes = freeBytesAt(store);
  if (freeBytes !== undefined && diskBytes > freeBytes) {
    const reason = `they take ${formatBytes(diskBytes)} on the disk while they are made, and ${formatBytes(freeBytes)} are free`;
    throw new LockstepError('OUT_OF_RESOURCES', `${what}: ${reason}.`, advice);
  }
  const limitBytes = memoryLimitBytes();
  if (memoryBytes > limitBytes) {
    const reason = `they take ${formatBytes(memoryBytes)} of memory, and there are ${formatBytes(limitBytes)}`;
    throw new LockstepError('OUT_OF_RESOURCES', `${what}: ${reason}.`, advice);
  }
}

const rounded = (number: number): string => Number(number.toPrecision(2)).toLocaleString('en-US');

/** Of this machine, or of the container or job. */
function memoryLimitBytes(): number {
  const limit = process.constrainedMemory();
  return limit > 0 ? Math.min(limit, totalmem()) : totalmem();
}
