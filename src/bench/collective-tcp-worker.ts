/**
 * One rank of an all-reduce over encrypted tcp, on any host. Arguments: RANK WORLD_SIZE FOLDER ADDRESS; a request a
 * line. All ranks see the folder, which holds their keys; each says in it where it listens.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { AllReduce } from '../collective/all-reduce.ts';
import { zeromqTransport } from '../collective/transport/zeromq-transport.ts';
import { readKeyFile, workerKeyFile } from '../protocol/curve-keys.ts';
import { reduceOnRequest } from './reduce-on-request.ts';

const LOOK_MS = 20;

const [rank, worldSize] = process.argv.slice(2, 4).map(Number) as [number, number];
const [folder, address] = process.argv.slice(4) as [string, string];
const saidBy = (other: number) => join(folder, `endpoint-${other}`);

async function endpointOf(other: number): Promise<string> {
  while (!existsSync(saidBy(other))) await wait(LOOK_MS);
  return readFileSync(saidBy(other), 'utf8');
}

const transport = zeromqTransport({
  address: `tcp://${address}:*`,
  keys: readKeyFile(workerKeyFile(folder, rank)),
  onRefused: () => {},
});
writeFileSync(`${saidBy(rank)}.tmp`, await transport.bind());
renameSync(`${saidBy(rank)}.tmp`, saidBy(rank));
const others = Array.from({ length: worldSize }, (_, other) => other).filter(
  (other) => other !== rank,
);
const peers = others.map(async (other) => ({ rank: other, endpoint: await endpointOf(other) }));
await transport.connect(await Promise.all(peers));
const allReduce = new AllReduce({
  rank,
  worldSize,
  run: folder,
  generation: 1,
  transport,
  deadlineMs: 60_000,
  signal: new AbortController().signal,
});
await reduceOnRequest(allReduce, transport, { rank, worldSize });
await transport.close();
