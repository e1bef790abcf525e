/**
 * What the exchange of a global step moves between equal hosts, and inside them: sums over the pieces of the exchange, by
 * host. Tests add the same up from the plans of all ranks, which for thousands of them takes seconds.
 */
import { FRAME_FLOATS } from '../collective/exchange-layout.ts';
import { piecesOf } from '../collective/exchange-pieces.ts';
import { isSmall } from '../collective/exchange-plan.ts';
import { shareOf, type TreeNode, wholeSubtrees } from '../core/canonical-sum.ts';
import type { Cluster } from './cluster.ts';

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

/** One host's part of an exchange, in bytes. */
export interface HostTraffic {
  /** Subtrees on their way to other hosts, which may travel once their leaves are computed. */
  readonly sent: readonly SubtreeBytes[];
  readonly received: readonly SubtreeBytes[];
  /** Finished sums on their way to other hosts. */
  readonly gatherSent: number;
  readonly gatherReceived: number;
  /** What its workers send to each other: of the one that sends most. */
  readonly withinByWorker: number;
}

export interface SubtreeBytes {
  readonly node: TreeNode;
  readonly bytes: number;
}

export interface ExchangeSize {
  readonly microBatches: number;
  /** Numbers in a leaf. */
  readonly floats: number;
}

type Hosts = Pick<Cluster, 'hosts' | 'workersPerHost'>;

export const workersOf = ({ hosts, workersPerHost }: Hosts): number => hosts * workersPerHost;

/** Whether the exchange needs one round of messages instead of two. */
export function isOneRound(cluster: Hosts, size: ExchangeSize): boolean {
  return isSmall({ ...size, workers: workersOf(cluster) });
}

/** Sizes of which the traffic is kept: a forecast asks for each step and network again. */
const MOST_KEPT = 64;
const kept = new Map<string, readonly HostTraffic[]>();

/** That of every host. */
export function trafficOf(cluster: Hosts, size: ExchangeSize): readonly HostTraffic[] {
  const { hosts, workersPerHost } = cluster;
  const key = `${hosts} ${workersPerHost} ${size.microBatches} ${size.floats}`;
  const all = kept.get(key) ?? (isOneRound(cluster, size) ? inOneRound : bySections)(cluster, size);
  if (!kept.has(key) && kept.size === MOST_KEPT) kept.clear();
  kept.set(key, all);
  return all;
}

/** Each worker sends the whole subtrees of its share to all others. */
function inOneRound(cluster: Hosts, { microBatches, floats }: ExchangeSize): HostTraffic[] {
  const { hosts, workersPerHost } = cluster;
  const workers = workersOf(cluster);
  const bytes = FLOAT_BYTES * floats;
  const subtrees = range(hosts).map((host) =>
    ranksOn(host, cluster).map((rank) =>
      wholeSubtrees(shareOf(rank, workers, microBatches), microBatches),
    ),
  );
  const nodes = subtrees.map((ranks) => ranks.flat());
  return range(hosts).map((host) => ({
    sent: withBytes(nodes[host]!, bytes * (workers - workersPerHost)),
    received: withBytes(nodes.filter((_, other) => other !== host).flat(), bytes * workersPerHost),
    ...{ gatherSent: 0, gatherReceived: 0 },
    withinByWorker: Math.max(
      ...subtrees[host]!.map(({ length }) => length * bytes * (workersPerHost - 1)),
    ),
  }));
}

/** Each host is home to a section of the vector, where the subtrees of all hosts are added. */
function bySections(cluster: Hosts, { microBatches, floats }: ExchangeSize): HostTraffic[] {
  const { hosts, workersPerHost } = cluster;
  const workers = workersOf(cluster);
  const shares = range(workers).map((rank) => shareOf(rank, workers, microBatches));
  const nodes = range(hosts).map((host) => {
    const ranks = ranksOn(host, cluster);
    const [begin, end] = [shares[ranks[0]!]!.begin, shares[ranks.at(-1)!]!.end];
    return wholeSubtrees({ begin, end }, microBatches);
  });
  const total = FLOAT_BYTES * floats;
  const { section, added } = bytesOfPieces(cluster, floats);
  return range(hosts).map((host) => ({
    sent: withBytes(nodes[host]!, total - section[host]!),
    received: withBytes(nodes.filter((_, other) => other !== host).flat(), section[host]!),
    gatherSent: (hosts - 1) * section[host]!,
    gatherReceived: total - section[host]!,
    withinByWorker: Math.max(
      ...ranksOn(host, cluster).map((rank, at) => {
        const { length } = wholeSubtrees(shares[rank]!, microBatches);
        return length * (total - added[at]!) + (workersPerHost - 1) * added[at]!;
      }),
    ),
  }));
}

/** `section`: of the vector, by the host that is its home. `added`: by each worker of a host, the same on all hosts. */
function bytesOfPieces({ hosts, workersPerHost }: Hosts, floats: number) {
  const section = new Array<number>(hosts).fill(0);
  const added = new Array<number>(workersPerHost).fill(0);
  const sizes = range(hosts).map(() => workersPerHost);
  for (const { home, combiners, begin, end } of piecesOf(sizes, floats, FRAME_FLOATS)) {
    section[home]! += FLOAT_BYTES * (end - begin);
    added[combiners[0]!]! += FLOAT_BYTES * (end - begin);
  }
  return { section, added };
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);

const ranksOn = (host: number, { workersPerHost }: Hosts): number[] =>
  range(workersPerHost).map((at) => host * workersPerHost + at);

const withBytes = (nodes: readonly TreeNode[], bytes: number): SubtreeBytes[] =>
  bytes === 0 ? [] : nodes.map((node) => ({ node, bytes }));
