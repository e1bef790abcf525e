/** What the exchange of a global step moves: added up from the exchange plans, so that no other count can differ. */
import {
  type ExchangePlan,
  exchangePlan,
  isSmall,
  type SegmentTransfer,
  type SubtreeTransfer,
} from '../collective/exchange-plan.ts';
import { nodeKey, type TreeNode } from '../core/canonical-sum.ts';
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

/** Sizes of which the traffic is kept. */
const MOST_KEPT = 8;
const kept = new Map<string, readonly HostTraffic[]>();

/**
 * That of every host. The plans of thousands of workers take seconds, and a forecast asks again for each step and
 * network, so the last few answers are kept.
 */
export function trafficOf(cluster: Hosts, size: ExchangeSize): readonly HostTraffic[] {
  const { hosts, workersPerHost } = cluster;
  const key = `${hosts} ${workersPerHost} ${size.microBatches} ${size.floats}`;
  const all =
    kept.get(key) ?? Array.from({ length: hosts }, (_, host) => hostTraffic(host, cluster, size));
  if (!kept.has(key) && kept.size === MOST_KEPT) kept.clear();
  kept.set(key, all);
  return all;
}

export function hostTraffic(host: number, cluster: Hosts, size: ExchangeSize): HostTraffic {
  const { workersPerHost } = cluster;
  const hosts = Array.from({ length: cluster.hosts }, () => workersPerHost);
  const everywhere = isOneRound(cluster, size);
  const shape = { ...size, workers: workersOf(cluster), hosts, everywhere };
  const plans = Array.from({ length: workersPerHost }, (_, at) =>
    exchangePlan(host * workersPerHost + at, shape),
  );
  const isWithin = ({ peer }: SegmentTransfer) => Math.floor(peer / workersPerHost) === host;
  const isBetween = (transfer: SegmentTransfer) => !isWithin(transfer);
  const toOthers = (transfers: readonly SegmentTransfer[]) => bytesOf(transfers.filter(isBetween));
  const within = plans.map(({ sends, gatherSends, copySends }) =>
    bytesOf([...sends, ...gatherSends, ...copySends].filter(isWithin)),
  );
  const subtrees = (of: (plan: ExchangePlan) => readonly SubtreeTransfer[]) =>
    bySubtree(plans.flatMap(of).filter(isBetween));
  return {
    sent: subtrees(({ sends, sumSends }) => [...sends, ...sumSends]),
    received: subtrees(({ receives, sumReceives }) => [...receives, ...sumReceives]),
    gatherSent: toOthers(plans.flatMap(({ gatherSends }) => gatherSends)),
    gatherReceived: toOthers(plans.flatMap(({ gatherReceives }) => gatherReceives)),
    withinByWorker: Math.max(...within),
  };
}

function bySubtree(transfers: readonly SubtreeTransfer[]): SubtreeBytes[] {
  const subtrees = new Map<string, SubtreeBytes>();
  for (const transfer of transfers) {
    const { node } = transfer;
    const before = subtrees.get(nodeKey(node))?.bytes ?? 0;
    subtrees.set(nodeKey(node), { node, bytes: before + bytesOf([transfer]) });
  }
  return [...subtrees.values()];
}

function bytesOf(transfers: readonly SegmentTransfer[]): number {
  const frames = transfers.flatMap((transfer) => transfer.frames);
  return frames.reduce((sum, { begin, end }) => sum + FLOAT_BYTES * (end - begin), 0);
}
