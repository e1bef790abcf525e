/** What a host's part of an exchange moves, added up from the exchange plans of its ranks. */
import {
  type ExchangePlan,
  exchangePlan,
  type SegmentTransfer,
  type SubtreeTransfer,
} from '../../src/collective/exchange-plan.ts';
import { nodeKey } from '../../src/core/canonical-sum.ts';
import type { Cluster } from '../../src/sizing/cluster.ts';
import {
  type ExchangeSize,
  type HostTraffic,
  isOneRound,
  type SubtreeBytes,
  workersOf,
} from '../../src/sizing/traffic.ts';

const FLOAT_BYTES = Float32Array.BYTES_PER_ELEMENT;

type Hosts = Pick<Cluster, 'hosts' | 'workersPerHost'>;

export function plannedTraffic(host: number, cluster: Hosts, size: ExchangeSize): HostTraffic {
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
