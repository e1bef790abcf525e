/** Times our all-reduce and gloo's in turn, each in its own processes. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { removeTemporaryFolder } from '../core/temporary-folder.ts';
import { programCommand } from '../launch/program.ts';
import { makePrivateFolder } from '../protocol/private-folder.ts';
import { type Contender, pythonProgram, startContender } from './contender.ts';
import type { CollectiveAnswer, CollectiveRequest } from './reduce-on-request.ts';
import { type Timing, timingOf } from './step-bench.ts';

/** What to time. */
export interface CollectiveBenchOptions {
  /** Sizes of the vectors, in bytes. */
  readonly sizes: readonly number[];
  readonly worldSize: number;
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer?: string | undefined;
}

/** The times for one size. */
export interface CollectiveRow {
  readonly bytes: number;
  readonly timings: Readonly<Record<string, Timing>>;
}

/** Names of the contenders. */
export const OURS = 'Lockstep';
export const GLOO = 'gloo';
/** Bytes of the vectors by default. */
export const COLLECTIVE_SIZES: readonly number[] = [4e3, 1e5, 1e6, 1e7, 4e7];

const WORKER = new URL('./collective-worker.ts', import.meta.url);
const ONE_THREAD = { threadsPerWorker: 1, numerics: 'strict' } as const;

/**
 * Asks all ranks of one contender at once; rank 0 measures the time of a reduction.
 * @throws LockstepError UNEXPECTED when a contender cannot run or gives a wrong sum
 */
export async function benchCollective(
  options: CollectiveBenchOptions,
  onRow: (row: CollectiveRow) => void,
): Promise<CollectiveRow[]> {
  const { sizes, worldSize, rounds, peer } = options;
  const sockets = makePrivateFolder();
  const rendezvous = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const ranks = Array.from({ length: worldSize }, (_, rank) => rank);
  const start = (name: string, command: (rank: number) => string[]) => ({
    name,
    members: ranks.map((rank) => startContender(`${name} rank ${rank}`, command(rank), ONE_THREAD)),
  });
  const ours = (rank: number) => [
    ...programCommand(WORKER),
    ...[String(rank), String(worldSize), sockets],
  ];
  const gloo = (rank: number) => [
    ...[peer!, pythonProgram('./gloo_peer.py')],
    ...[String(rank), String(worldSize), join(rendezvous, 'gloo')],
  ];
  const groups = [start(OURS, ours), ...(peer === undefined ? [] : [start(GLOO, gloo)])];
  try {
    const rows: CollectiveRow[] = [];
    for (const bytes of sizes) {
      const row = { bytes, timings: await timeSize(groups, bytes, rounds) };
      rows.push(row);
      onRow(row);
    }
    return rows;
  } finally {
    for (const { members } of groups) for (const member of members) member.close();
    removeTemporaryFolder(sockets);
    rmSync(rendezvous, { recursive: true, force: true });
  }
}

interface Group {
  readonly name: string;
  readonly members: readonly Contender[];
}

async function timeSize(
  groups: readonly Group[],
  bytes: number,
  rounds: number,
): Promise<Record<string, Timing>> {
  const floats = Math.round(bytes / Float32Array.BYTES_PER_ELEMENT);
  const all = new Map<string, number[]>(groups.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round++) {
    for (const { name, members } of groups) {
      const request: CollectiveRequest = {
        floats,
        warmUp: round === 0 ? 5 : 1,
        repeats: bytes > 1e6 ? 4 : 20,
      };
      const answers = await Promise.all(
        members.map((member) => member.ask<CollectiveAnswer>(request)),
      );
      if (!answers.every(({ correct }) => correct)) throw wrongSum(name, bytes);
      all.get(name)!.push(...answers[0]!.milliseconds);
    }
  }
  return Object.fromEntries([...all].map(([name, times]) => [name, timingOf(times)]));
}

function wrongSum(name: string, bytes: number): LockstepError {
  return new LockstepError(
    'UNEXPECTED',
    `The all-reduce of ${name} over ${bytes} bytes gave a wrong sum.`,
    'This is a defect: please report it with what was printed.',
  );
}
