/**
 * Times our all-reduce and gloo's between two made-up hosts, in turn over the same cable: ours as it is, and flat, with
 * each worker on a host of its own.
 */
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
  /** Null: the hosts are joined by the kernel. */
  readonly cable: Cable | null;
  readonly ranksPerHost: number;
  readonly bytes: number;
  readonly rounds: number;
  /** A Python that can import torch. */
  readonly peer: string | undefined;
}

const HOSTS = 2;
const WARM_UP = 1;
const REPEATS = 2;
const OURS = new URL('../../src/bench/collective-tcp-worker.ts', import.meta.url);
const ENGINE = { threadsPerWorker: 1, numerics: 'strict' } as const;

export async function benchAllReduce(options: AllReduceOptions): Promise<void> {
  const { cable, ranksPerHost, bytes, rounds, peer } = options;
  const worldSize = HOSTS * ranksPerHost;
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-bench-'));
  const keyFolders = ['hosts', 'flat'].map(() => makePrivateFolder());
  for (const keys of keyFolders) writeKeyFiles(keys, makeProcessKeys(worldSize));
  const hosts = await MadeUpHosts.open(HOSTS, cable ?? undefined);
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
  const ours =
    (keys: string, hostOf: (rank: number) => string[]) => (rank: number, host: number) => [
      ...programCommand(OURS),
      ...[String(rank), String(worldSize), keys, addressOf(host), ...hostOf(rank)],
    ];
  const gloo = (rank: number) => [
    ...['env', 'GLOO_SOCKET_IFNAME=eth0', peer!, pythonProgram('gloo_peer.py')],
    ...[String(rank), String(worldSize), join(folder, 'gloo')],
  ];
  try {
    const groups = [
      start(
        'Lockstep',
        ours(keyFolders[0]!, () => []),
      ),
      start(
        'Lockstep, flat',
        ours(keyFolders[1]!, (rank) => [`alone-${rank}`]),
      ),
      ...(peer === undefined ? [] : [start('gloo', gloo)]),
    ];
    const sentBytes = new Map<string, number>();
    const times = new Map(groups.map(({ name }) => [name, [] as number[]]));
    for (let round = 0; round < rounds; round++) {
      for (const { name, ranks } of groups) {
        const before = hosts.sentBy(1);
        times.get(name)!.push(...(await turn(ranks, bytes)));
        sentBytes.set(name, (hosts.sentBy(1) - before) / (WARM_UP + REPEATS));
      }
    }
    process.stdout.write(`${tableOf(times, sentBytes)}\n`);
  } finally {
    await hosts.close();
    for (const keys of keyFolders) removeTemporaryFolder(keys);
    rmSync(folder, { recursive: true, force: true });
  }
}

async function turn(ranks: readonly Contender[], bytes: number): Promise<readonly number[]> {
  const request = { floats: Math.round(bytes / 4), warmUp: WARM_UP, repeats: REPEATS };
  const answers = await Promise.all(ranks.map((rank) => rank.ask<CollectiveAnswer>(request)));
  if (!answers.every(({ correct }) => correct)) throw new Error('An all-reduce gave a wrong sum.');
  return answers[0]!.milliseconds;
}

function tableOf(
  times: ReadonlyMap<string, readonly number[]>,
  sentBytes: ReadonlyMap<string, number>,
): string {
  const ours = median(times.get('Lockstep')!);
  const rows = [...times].map(([name, all]) => [
    name,
    median(all).toFixed(0),
    Math.min(...all).toFixed(0),
    Math.max(...all).toFixed(0),
    (median(all) / ours).toFixed(2),
    (sentBytes.get(name)! / 1e6).toFixed(1),
  ]);
  return formatTable([
    [
      '',
      'median, ms',
      'least',
      'most',
      'Lockstep is so many times as fast',
      'MB that a host sends',
    ],
    ...rows,
  ]);
}
