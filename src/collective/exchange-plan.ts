/**
 * Who sends what to whom, so that every worker ends with the canonical sum: a plain object, no socket.
 *
 * The plan cuts the flat leaf into one segment for each worker, its owner.
 *
 *   1. Each worker sends to every owner that segment of its own whole subtrees.
 *   2. The owner adds all of them in tree order.
 *   3. The owner sends its finished segment to every other worker.
 *
 * With S bytes in a leaf, W workers and c subtrees in a worker's share, that worker sends c·S·(W−1)/W bytes, then
 * S·(W−1)/W: (c+1)/2 times the bytes of a ring.
 *
 * For small vectors waiting costs more than bytes. Then everyone sends everyone everything and adds it all:
 * c·S·(W−1) bytes, but in one round of messages instead of two.
 */
import type { Range, TreeNode } from '../core/canonical-sum.ts';
import { shareOf, wholeSubtrees } from '../core/canonical-sum.ts';

/** Segments begin at multiples of a cache line. */
const ALIGNMENT_FLOATS = 16;
/** 1 MiB: the receiver adds one frame while the next one arrives. */
export const FRAME_FLOATS = 2 ** 18;
/** 16 MiB, if only a frame's place travels: a frame costs 0.1 ms beside its numbers. */
export const PLACED_FRAME_FLOATS = 2 ** 22;
const FLOAT_BYTES = 4;
/** 256 KiB: up to this many floats for each subtree, everyone sends everyone everything. */
const SMALL_FLOATS = 2 ** 16;

/** Part of a subtree's sum on its way to or from a peer. */
export interface SubtreeTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly node: TreeNode;
  /** Ranges of floats of the leaf, one for each message, ascending; the same on both sides. */
  readonly frames: readonly Range[];
}

/** A finished segment on its way to or from a peer. */
export interface SegmentTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly frames: readonly Range[];
}

/** What a plan follows from, besides the rank. */
export interface ExchangeShape {
  readonly workers: number;
  /** Micro-batches of this global step: the leaves of the tree. */
  readonly microBatches: number;
  /** Numbers in a leaf. */
  readonly floats: number;
  /** Whether every rank computes the whole sum. */
  readonly everywhere?: boolean;
  /** Most numbers in a frame, the same on all ranks. @default `FRAME_FLOATS` */
  readonly frameFloats?: number;
}

/** Whether a vector is so small that every rank should compute the whole sum. */
export function isSmall({ workers, floats }: ExchangeShape): boolean {
  return (workers - 1) * floats <= SMALL_FLOATS;
}

/** What one rank does in a global step's exchange. Peers with nothing to send or receive are absent. */
export interface ExchangePlan {
  readonly rank: number;
  /** Micro-batches that this rank computes. */
  readonly share: Range;
  /** The whole subtrees of the share, left to right. */
  readonly subtrees: readonly TreeNode[];
  /** The floats whose sum this rank finishes; may be empty. */
  readonly segment: Range;
  /** This rank's subtrees, for the owners of the other segments. */
  readonly sends: readonly SubtreeTransfer[];
  /** This rank's segment of the other ranks' subtrees, in tree order. */
  readonly receives: readonly SubtreeTransfer[];
  /** This rank's finished segment, for every other rank. */
  readonly gatherSends: readonly SegmentTransfer[];
  /** The other ranks' finished segments. */
  readonly gatherReceives: readonly SegmentTransfer[];
  /** Payload that this rank sends and receives in all, without headers. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** What rank `rank` does in the exchange. The plans of all ranks match. */
export function exchangePlan(rank: number, shape: ExchangeShape): ExchangePlan {
  const { workers, microBatches, frameFloats } = shape;
  const subtreesOf = (worker: number): TreeNode[] =>
    wholeSubtrees(shareOf(worker, workers, microBatches), microBatches);
  const framesOf = (worker: number): Range[] => framesIn(segmentOf(worker, shape), frameFloats);
  const subtrees = subtreesOf(rank);
  const ownFrames = framesOf(rank);

  // Each rank starts with the next one, so that not all send to the same rank first.
  const others = Array.from({ length: workers - 1 }, (_, i) => (rank + 1 + i) % workers);
  const sends = others.flatMap((peer) =>
    subtrees.map((node) => ({ peer, node, frames: framesOf(peer) })),
  );
  const receives = others
    .toSorted((a, b) => a - b)
    .flatMap((peer) => subtreesOf(peer).map((node) => ({ peer, node, frames: ownFrames })));
  const gathering = shape.everywhere ? [] : others;
  const gatherSends = gathering.map((peer) => ({ peer, frames: ownFrames }));
  const gatherReceives = gathering.map((peer) => ({ peer, frames: framesOf(peer) }));
  return {
    rank,
    share: shareOf(rank, workers, microBatches),
    subtrees,
    segment: segmentOf(rank, shape),
    sends: sends.filter(hasFrames),
    receives: receives.filter(hasFrames),
    gatherSends: gatherSends.filter(hasFrames),
    gatherReceives: gatherReceives.filter(hasFrames),
    sentBytes: bytesOf([...sends, ...gatherSends]),
    receivedBytes: bytesOf([...receives, ...gatherReceives]),
  };
}

/**
 * The floats whose sum a rank finishes: contiguous, in order of rank, as equal as multiples of 16 floats allow
 * (only the last may end elsewhere). With `everywhere`, all floats.
 */
export function segmentOf(rank: number, { workers, floats, everywhere }: ExchangeShape): Range {
  if (everywhere) return { begin: 0, end: floats };
  const lines = Math.ceil(floats / ALIGNMENT_FLOATS);
  const boundary = (at: number) =>
    Math.min(floats, Math.floor((lines * at) / workers) * ALIGNMENT_FLOATS);
  return { begin: boundary(rank), end: boundary(rank + 1) };
}

/** Cuts a range of floats into frames. */
export function framesIn({ begin, end }: Range, frameFloats = FRAME_FLOATS): Range[] {
  return Array.from({ length: Math.ceil((end - begin) / frameFloats) }, (_, i) => ({
    begin: begin + i * frameFloats,
    end: Math.min(end, begin + (i + 1) * frameFloats),
  }));
}

const hasFrames = (transfer: SegmentTransfer) => transfer.frames.length > 0;

function bytesOf(transfers: readonly SegmentTransfer[]): number {
  const floats = transfers
    .flatMap((transfer) => transfer.frames)
    .reduce((sum, { begin, end }) => sum + end - begin, 0);
  return FLOAT_BYTES * floats;
}
