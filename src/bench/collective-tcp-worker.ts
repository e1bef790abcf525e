/**
 * One rank of an all-reduce over encrypted tcp. Arguments: RANK WORLD_SIZE FOLDER ADDRESS [HOST]; a request a line. All
 * ranks see the folder, which holds their keys; each says in it where it listens, and on which host: HOST, or the one
 * that it is on. Ranks with one HOST share memory.
 */
import { existsSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import { workersByHost } from '../collective/exchange-layout.ts';
import { hostIdentity } from '../collective/transport/host-identity.ts';
import { openTransport } from '../collective/transport/open-transport.ts';
import { readKeyFile, workerKeyFile } from '../protocol/curve-keys.ts';
import { reduceOnRequest } from './reduce-on-request.ts';

const LOOK_MS = 20;

const [rank, worldSize] = process.argv.slice(2, 4).map(Number) as [number, number];
const [folder, address, host = hostIdentity()] = process.argv.slice(4) as [string, string, string?];
const saidBy = (other: number) => join(folder, `endpoint-${other}`);

async function peerOf(other: number) {
  while (!existsSync(saidBy(other))) await wait(LOOK_MS);
  const [endpoint, where] = readFileSync(saidBy(other), 'utf8').split('\n') as [string, string];
  return { rank: other, endpoint, host: where };
}

const keys = readKeyFile(workerKeyFile(folder, rank));
const transport = openTransport({ address: `tcp://${address}:*`, keys, onRefused: () => {} }, host);
writeFileSync(`${saidBy(rank)}.tmp`, `${await transport.bind()}\n${host}`);
renameSync(`${saidBy(rank)}.tmp`, saidBy(rank));
const peers = await Promise.all(Array.from({ length: worldSize }, (_, other) => peerOf(other)));
await transport.connect(peers.filter((peer) => peer.rank !== rank));
await reduceOnRequest(transport, {
  ...{ rank, worldSize, run: folder },
  hosts: workersByHost(peers.map((peer) => peer.host)),
});
