/**
 * How long a global step takes on a cluster: pure arithmetic over the run's own plan and exchange.
 *
 *   step = computing of the worker that needs longest, its share's leaves one after the other
 *        + what is then still to be sent, at the pace of the network or of the CPUs that encrypt
 *        + the sums inside a host + waits for messages + the update
 *
 * Subtrees that are finished early travel while the rest is computed. The coordinator works beside all that, and counts
 * only where it needs longer than everything else.
 */

import { FRAME_FLOATS } from '../collective/exchange-layout.ts';
import { leavesOf, shareOf, type TreeNode } from '../core/canonical-sum.ts';
import type { Cluster, MicroBatchShape, Network, Speeds } from './cluster.ts';
import { gradientMs } from './cluster.ts';
import type { HostTraffic, SubtreeBytes } from './traffic.ts';
import { isOneRound, trafficOf, workersOf } from './traffic.ts';

/** Milliseconds of a step, part by part. */
export interface StepParts {
  /** Computing, if all workers had equally much of it. */
  readonly computing: number;
  /** What the worker with the longest share computes beyond that, while the others wait. */
  readonly uneven: number;
  /** Sums and copies inside a host. */
  readonly insideHost: number;
  readonly network: number;
  /** What encryption takes beyond the network's time. */
  readonly encryption: number;
  /** Ways of messages, at which nothing moves. */
  readonly waiting: number;
  readonly update: number;
  /** What the coordinator needs beyond all of these. */
  readonly coordinator: number;
}

/** Of 1538 bytes that Ethernet sends for a full packet TCP has 1448. */
const PAYLOAD_SHARE = 1448 / 1538;
/** 10 segments: what TCP sends at first, and again after a pause. */
const FIRST_WINDOW_BYTES = 14_480;
/** After such a pause a connection begins slowly again. */
const PAUSE_MS = 200;
/** Of its decisions, for each worker: measured with 1 000 workers, docs/reliability.md. */
const COORDINATOR_MS_PER_WORKER = 0.004;
const FRAME_BYTES = Float32Array.BYTES_PER_ELEMENT * FRAME_FLOATS;

/** The whole step. */
export const totalMs = (parts: StepParts): number =>
  Object.values(parts as unknown as Record<string, number>).reduce((sum, part) => sum + part, 0);

/** @param floats numbers in a leaf: gradient, sums and statistics */
export function stepTime(
  step: readonly MicroBatchShape[],
  floats: number,
  cluster: Cluster,
  speeds: Speeds,
): StepParts {
  const ends = leafEnds(step, cluster, speeds);
  const computed = largestOf(ends);
  const computing = evenShare(step, cluster, speeds);
  const size = { microBatches: step.length, floats };
  const exchange =
    workersOf(cluster) === 1 ? NO_EXCHANGE : exchangeTime(size, ends, cluster, speeds);
  const beside = { computing, uneven: computed - computing, ...exchange, update: speeds.applyMs };
  const parts = { ...beside, coordinator: 0 };
  return { ...parts, coordinator: Math.max(0, coordinatorMs(cluster) - totalMs(parts)) };
}

const NO_EXCHANGE = { insideHost: 0, network: 0, encryption: 0, waiting: 0 };

/** When each leaf of a step is computed and added to its siblings of the same worker. */
function leafEnds(
  step: readonly MicroBatchShape[],
  cluster: Cluster,
  { gradients, mergeMs, spread }: Speeds,
): number[] {
  const workers = workersOf(cluster);
  // A worker alone is its own mean.
  const factor = workers === 1 ? 1 : spread;
  return Array.from({ length: workers }, (_, rank) => {
    const { begin, end } = shareOf(rank, workers, step.length);
    let ms = 0;
    return step.slice(begin, end).map((microBatch, at) => {
      ms += factor * (gradientMs(microBatch, gradients) + (at > 0 ? mergeMs : 0));
      return ms;
    });
  }).flat();
}

function evenShare(
  step: readonly MicroBatchShape[],
  cluster: Cluster,
  { gradients, mergeMs }: Speeds,
): number {
  const workers = workersOf(cluster);
  const leaves = step.reduce((sum, microBatch) => sum + gradientMs(microBatch, gradients), 0);
  return (leaves + Math.max(0, step.length - workers) * mergeMs) / workers;
}

function exchangeTime(
  size: { readonly microBatches: number; readonly floats: number },
  ends: readonly number[],
  cluster: Cluster,
  speeds: Speeds,
): typeof NO_EXCHANGE {
  const { hosts, workersPerHost, network, cores } = cluster;
  const traffic = trafficOf(cluster, size);
  const within = Math.max(...traffic.map(({ withinByWorker }) => withinByWorker));
  const crowd = Math.max(1, workersPerHost / cores);
  const rounds = isOneRound(cluster, size) ? 1 : 2;
  const insideHost = within * speeds.sharedMemory.cpuMsPerByte * crowd;
  if (hosts === 1) return { ...NO_EXCHANGE, insideHost, waiting: speeds.sharedMemory.roundMs };
  const computed = largestOf(ends);
  const queues = queuesOf(traffic, (node) => {
    const { begin, end } = leavesOf(node, size.microBatches);
    return largestOf(ends.slice(begin, end));
  });
  const msAt = (bytesPerMs: number) =>
    Math.max(...queues.map((host) => leftMs(host, computed, bytesPerMs)));
  const onCable = msAt(payloadRate(network));
  const encrypting = encryptionRate(cluster, speeds);
  const encrypted = msAt(encrypting);
  const pace = Math.min(payloadRate(network), encrypting);
  const mostBytes = Math.max(...traffic.map(bytesOut));
  const { delayMs } = network;
  const { cpuMsPerByte, roundMs } = speeds.tcp;
  const frame = Math.min(FRAME_BYTES, mostBytes / rounds / workersPerHost);
  return {
    insideHost,
    network: onCable,
    encryption: Math.max(0, encrypted - onCable),
    waiting:
      roundMs +
      rounds * (delayMs + frame * cpuMsPerByte) +
      slowStartMs(Math.max(onCable, encrypted), computed, pace, cluster),
  };
}

/** What a host sends and receives, in the order in which it is computed. */
interface HostQueues extends Pick<HostTraffic, 'gatherSent' | 'gatherReceived'> {
  readonly sent: readonly Ready[];
  readonly received: readonly Ready[];
}

interface Ready {
  readonly at: number;
  readonly bytes: number;
}

function queuesOf(
  traffic: readonly HostTraffic[],
  finished: (node: TreeNode) => number,
): HostQueues[] {
  const known = new Map<TreeNode, number>();
  const readyAt = (node: TreeNode): number => {
    const at = known.get(node) ?? finished(node);
    known.set(node, at);
    return at;
  };
  const inOrder = (queue: readonly SubtreeBytes[]) =>
    queue.map(({ node, bytes }) => ({ at: readyAt(node), bytes })).sort((a, b) => a.at - b.at);
  return traffic.map((host) => ({
    ...host,
    sent: inOrder(host.sent),
    received: inOrder(host.received),
  }));
}

/** How long a host is busy once all leaves are computed, sending and receiving at this pace. */
function leftMs(
  { sent, received, gatherSent, gatherReceived }: HostQueues,
  computed: number,
  bytesPerMs: number,
): number {
  const left = (queue: readonly Ready[], gathered: number) => {
    const end = queue.reduce((free, { at, bytes }) => Math.max(free, at) + bytes / bytesPerMs, 0);
    return Math.max(0, end - computed) + gathered / bytesPerMs;
  };
  return Math.max(left(sent, gatherSent), left(received, gatherReceived));
}

/** Payload that a cable carries, in bytes a millisecond. */
export const payloadRate = ({ gigabitsPerSecond }: Network): number =>
  (PAYLOAD_SHARE * gigabitsPerSecond * 1e6) / 8;

/** Of any number of values: a step may have 65 536 micro-batches. */
const largestOf = (values: readonly number[]): number =>
  values.reduce((most, value) => Math.max(most, value), 0);

const bytesOut = ({ sent, gatherSent }: HostTraffic): number =>
  gatherSent + sent.reduce((sum, { bytes }) => sum + bytes, 0);

/**
 * Bytes a millisecond between hosts that the CPUs of one keep up with. Each worker encrypts in one thread and decrypts in
 * another, and all of them share the cores.
 */
function encryptionRate({ workersPerHost, cores }: Cluster, { tcp }: Speeds): number {
  return Math.min(2 * workersPerHost, cores) / tcp.cpuMsPerByte;
}

/**
 * What an exchange takes longer because TCP, after a pause, begins with a small window that doubles in each round trip
 * until it fills the way.
 */
function slowStartMs(
  atFullSpeed: number,
  computed: number,
  bytesPerMs: number,
  { hosts, workersPerHost, network }: Cluster,
): number {
  const roundTripMs = 2 * network.delayMs;
  const first = (hosts - 1) * workersPerHost * FIRST_WINDOW_BYTES;
  const full = bytesPerMs * roundTripMs;
  if (computed < PAUSE_MS || full <= first) return 0;
  const bytes = atFullSpeed * bytesPerMs;
  const whileGrowing = (full - first) / Math.LN2;
  if (bytes < whileGrowing) {
    return roundTripMs * Math.log2(1 + (bytes * Math.LN2) / first) - atFullSpeed;
  }
  return roundTripMs * Math.log2(full / first) - whileGrowing / bytesPerMs;
}

/** A step's report has to be there, and the next but one leased, while the next one runs. */
function coordinatorMs(cluster: Cluster): number {
  const workers = workersOf(cluster);
  if (workers === 1) return 0;
  const roundTripMs = cluster.hosts === 1 ? 0 : 2 * cluster.network.delayMs;
  return workers * COORDINATOR_MS_PER_WORKER + roundTripMs;
}
