/** Times our all-reduce and gloo's between two made-up hosts, in turn over the same cable. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Contender, pythonProgram, startContender } from '../../src/bench/contender.ts';
import type { CollectiveAnswer } from '../../src/bench/reduce-on-request.ts';
import { formatTable } from '../../src/core/format.ts';
import { median } from '../../src/core/median.ts';
import { removeTemporaryFolder } from '../../src/core/temporary-folder.ts';
import { programCommand } from '../../src/launch/program.ts';
import { makeProcessKeys, writeKeyFiles } from '../../src/protocol/curve-keys.ts';
import { makePrivateFolder } from '../../src/protocol/private-folder.ts';
import type { Cable } from '../../test/helper/cables.ts';
import { addressOf, MadeUpHosts } from '../../test/helper/made-up-hosts.ts';

export interface AllReduceOptions {
  readonly cable: Cable;
  readonly ranksPerHost: number;
  readonly bytes: number;
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer: string | undefined;
}

const HOSTS = 2;
const OURS = new URL('../../src/bench/collective-tcp-worker.ts', import.meta.url);
const ENGINE = { threadsPerWorker: 1, numerics: 'strict' } as const;

export async function benchAllReduce(options: AllReduceOptions): Promise<void> {
  const { cable, ranksPerHost, bytes, rounds, peer } = options;
  const worldSize = HOSTS * ranksPerHost;
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const keys = makePrivateFolder();
  writeKeyFiles(keys, makeProcessKeys(worldSize));
  const hosts = await MadeUpHosts.open(HOSTS, cable);
  const start = (name: string, command: (rank: number, host: number) => string[]) => ({
    name,
    ranks: Array.from({ length: worldSize }, (_, rank) => {
      const host = 1 + Math.floor(rank / ranksPerHost);
      return startContender(
        `${name} rank ${rank}`,
        hosts.on(host, folder, command(rank, host)),
        ENGINE,
      );
    }),
  });
  const ours = (rank: number, host: number) => [
    ...programCommand(OURS),
    ...[String(rank), String(worldSize), keys, addressOf(host)],
  ];
  const gloo = (rank: number) => [
    ...['env', 'GLOO_SOCKET_IFNAME=eth0', peer!, pythonProgram('gloo_peer.py')],
    ...[String(rank), String(worldSize), join(folder, 'gloo')],
  ];
  try {
    const groups = [start('Lockstep', ours), ...(peer === undefined ? [] : [start('gloo', gloo)])];
    const times = new Map(groups.map(({ name }) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, ranks } of groups) times.get(name)!.push(...(await turn(ranks, bytes)));
    }
    process.stdout.write(`${tableOf(times)}\n`);
  } finally {
    await hosts.close();
    removeTemporaryFolder(keys);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function turn(ranks: readonly Contender[], bytes: number): Promise<readonly number[]> {
  const request = { floats: Math.round(bytes / 4), warmUp: 1, repeats: 2 };
  const answers = await Promise.all(ranks.map((rank) => rank.ask<CollectiveAnswer>(request)));
  if (!answers.every(({ correct }) => correct)) throw new Error('An all-reduce gave a wrong sum.');
  return answers[0]!.milliseconds;
}

function tableOf(times: ReadonlyMap<string, readonly number[]>): string {
  const ours = median(times.get('Lockstep')!);
  const rows = [...times].map(([name, all]) => [
    name,
    median(all).toFixed(0),
    Math.min(...all).toFixed(0),
    Math.max(...all).toFixed(0),
    (median(all) / ours).toFixed(2),
  ]);
  return formatTable([
    ['', 'median, ms', 'least', 'most', 'Lockstep is so many times as fast'],
    ...rows,
  ]);
}
