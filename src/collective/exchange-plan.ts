/**
 * Who sends what to whom so that every worker ends up with the canonical sum: a plain object, no socket.
 *
 * The flat leaf is cut into one segment a worker. First each worker sends every other the segment parts
 * of its own whole subtrees; the owner of a segment adds them all in tree order. Then each owner sends
 * its finished segment to every other worker. With S bytes a leaf, W workers and c subtrees in a worker's
 * share, that worker sends c·S·(W−1)/W and then S·(W−1)/W bytes: (c+1)/2 times those of a ring.
 *
 * Where waiting for each other costs more than bytes, everyone sends everyone everything and adds it all:
 * c·S·(W−1) bytes, but one way instead of there and back.
 */
import type { Range, TreeNode } from '../core/canonical-sum.ts';
import { shareOf, wholeSubtrees } from '../core/canonical-sum.ts';

/** Segments begin at multiples of a cache line. */
const ALIGNMENT_FLOATS = 16;
/** 1 MiB: the receiver adds one frame while the next one arrives. */
export const FRAME_FLOATS = 2 ** 18;
/** 16 MiB, where only a frame's place travels: what a frame costs beside its numbers is 0.1 ms. */
export const PLACED_FRAME_FLOATS = 2 ** 22;
const FLOAT_BYTES = 4;
/** Up to so many floats to send a subtree, 256 KiB, everyone sends everyone everything. */
export const SMALL_FLOATS = 2 ** 16;

/** Part of a subtree's sum on its way to or from a peer. */
export interface SubtreeTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly node: TreeNode;
  /** Ranges of floats of the leaf, one a message, ascending; the same at both sides. */
  readonly frames: readonly Range[];
}

/** A finished segment on its way to or from a peer. */
export interface SegmentTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly frames: readonly Range[];
}

export interface ExchangeShape {
  readonly workers: number;
  /** Micro-batches of this global step: the leaves of the tree. */
  readonly microBatches: number;
  /** Numbers in a leaf. */
  readonly floats: number;
  /** Every rank finishes the whole sum by itself. */
  readonly everywhere?: boolean;
  /** Numbers in a frame at most, on all ranks alike. @default `FRAME_FLOATS` */
  readonly frameFloats?: number;
}

/** Whether a vector is so small that every rank finishes the whole sum by itself. */
export function isSmall({ workers, floats }: ExchangeShape): boolean {
  return (workers - 1) * floats <= SMALL_FLOATS;
}

/** What one rank does in a global step's exchange. A peer with nothing to say is left out. */
export interface ExchangePlan {
  readonly rank: number;
  /** Micro-batches that this rank computes. */
  readonly share: Range;
  /** Whole subtrees that they add up to, left to right. */
  readonly subtrees: readonly TreeNode[];
  /** Floats that this rank finishes the sum of; may be empty. */
  readonly segment: Range;
  /** This rank's subtrees, to the owners of the other segments. */
  readonly sends: readonly SubtreeTransfer[];
  /** The other ranks' subtrees, of this rank's segment, in tree order. */
  readonly receives: readonly SubtreeTransfer[];
  /** This rank's finished segment, to every other rank. */
  readonly gatherSends: readonly SegmentTransfer[];
  /** The other ranks' finished segments. */
  readonly gatherReceives: readonly SegmentTransfer[];
  /** Payload that this rank sends and receives in all, without headers. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** The part of rank `rank` in the exchange; all ranks' parts fit together. */
export function exchangePlan(rank: number, shape: ExchangeShape): ExchangePlan {
  const { workers, microBatches, frameFloats } = shape;
  const subtreesOf = (worker: number): TreeNode[] =>
    wholeSubtrees(shareOf(worker, workers, microBatches), microBatches);
  const framesOf = (worker: number): Range[] => framesIn(segmentOf(worker, shape), frameFloats);
  const subtrees = subtreesOf(rank);
  const ownFrames = framesOf(rank);

  // Everyone starts with the next rank, so that no one is everybody's first.
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
 * The floats that a rank finishes: contiguous, in order of rank, as equal as multiples of 16 allow, only the
 * last ending elsewhere; or all of them.
 */
export function segmentOf(rank: number, { workers, floats, everywhere }: ExchangeShape): Range {
  if (everywhere) return { begin: 0, end: floats };
  const lines = Math.ceil(floats / ALIGNMENT_FLOATS);
  const boundary = (at: number) =>
    Math.min(floats, Math.floor((lines * at) / workers) * ALIGNMENT_FLOATS);
  return { begin: boundary(rank), end: boundary(rank + 1) };
}

/** The frames that a range of floats is sent in. */
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
