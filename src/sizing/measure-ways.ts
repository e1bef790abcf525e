/** What an all-reduce between two processes of this host costs, over shared memory and over encrypted tcp. */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { type Contender, startContender } from '../bench/contender.ts';
import type { CollectiveAnswer, CollectiveRequest } from '../bench/reduce-on-request.ts';
import { exchangePlan } from '../collective/exchange-plan.ts';
import { median } from '../core/median.ts';
import { removeTemporaryFolder } from '../core/temporary-folder.ts';
import { LOOPBACK, requireLoopback } from '../launch/loopback.ts';
import { programCommand } from '../launch/program.ts';
import { makeProcessKeys, writeKeyFiles } from '../protocol/curve-keys.ts';
import { makePrivateFolder } from '../protocol/private-folder.ts';
import type { StopRequests } from '../workflow/train/stop-requests.ts';
import type { WaySpeed } from './cluster.ts';
import { withContenders } from './with-contenders.ts';

const RANKS = 2;
/** 16 MB: several frames for each rank. */
const FLOATS = 4e6;
const TINY_FLOATS = 16;
const ROUNDS = 3;
const SHARED_MEMORY = new URL('../bench/collective-worker.ts', import.meta.url);
const TCP = new URL('../bench/collective-tcp-worker.ts', import.meta.url);

/**
 * @throws LockstepError UNEXPECTED when a process of the measurement fails; INSECURE without encryption; USAGE
 *   where the loopback interface is down; INTERRUPTED, TERMINATED
 */
export async function measureWays(
  stop: StopRequests,
): Promise<{ sharedMemory: WaySpeed; tcp: WaySpeed }> {
  await requireLoopback('measure the all-reduce over tcp');
  const folder = makePrivateFolder();
  try {
    const [sockets, keys] = ['s', 'k'].map((name) => join(folder, name)) as [string, string];
    for (const path of [sockets, keys]) mkdirSync(path, { mode: 0o700 });
    writeKeyFiles(keys, makeProcessKeys(RANKS));
    return {
      sharedMemory: await measureWay(SHARED_MEMORY, () => [sockets], stop),
      tcp: await measureWay(TCP, (rank) => [keys, LOOPBACK, `host-${rank}`], stop),
    };
  } finally {
    removeTemporaryFolder(folder);
  }
}

async function measureWay(
  program: URL,
  words: (rank: number) => readonly string[],
  stop: StopRequests,
): Promise<WaySpeed> {
  const ranks = Array.from({ length: RANKS }, (_, rank) =>
    startContender(
      `all-reduce, rank ${rank}`,
      [...programCommand(program), String(rank), String(RANKS), ...words(rank)],
      { threadsPerWorker: 1, numerics: 'strict' },
    ),
  );
  return await withContenders(ranks, stop, async () => {
    const tiny = await ask(ranks, { floats: TINY_FLOATS, warmUp: 20, repeats: 40 });
    const cpuMs: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      const answers = await ask(ranks, { floats: FLOATS, warmUp: 1, repeats: 2 });
      cpuMs.push(...answers.map((answer) => answer.cpuMs));
    }
    const shape = { workers: RANKS, microBatches: RANKS, floats: FLOATS };
    return {
      cpuMsPerByte: median(cpuMs) / exchangePlan(0, shape).sentBytes,
      roundMs: median(tiny[0]!.milliseconds),
    };
  });
}

const ask = async (
  ranks: readonly Contender[],
  request: CollectiveRequest,
): Promise<CollectiveAnswer[]> =>
  await Promise.all(ranks.map((rank) => rank.ask<CollectiveAnswer>(request)));
