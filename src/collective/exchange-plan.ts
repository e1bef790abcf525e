/**
 * Who sends what to whom, so that every worker ends with the canonical sum: a plain object, no socket.
 *
 * The flat leaf is cut into pieces (exchange-pieces.ts). For each piece one worker of every host is the *combiner*; the
 * one on the piece's home host is its owner.
 *
 *   1. Each worker hands its own whole subtrees of a piece to the combiner on its host.
 *   2. That one adds them in tree order, up to the whole subtrees of the host, and sends these to the owner.
 *   3. The owner adds the subtrees of all hosts in tree order: the sum is finished.
 *   4. It sends the finished piece to the other combiners, and each combiner gives it to the workers of its host.
 *
 * With S bytes in a leaf, H hosts and c whole subtrees in a host's share, c·S·(H−1)/H bytes leave that host, then
 * S·(H−1)/H: (c+1)/2 times the bytes of a ring of hosts. On one host all combiners are owners, and stages 2 and the
 * first half of 4 are empty: every worker sends c·S·(W−1)/W bytes to the others, then S·(W−1)/W.
 *
 * For small vectors waiting costs more than bytes. Then everyone sends everyone everything and adds it all:
 * c·S·(W−1) bytes, but in one round of messages.
 */
import type { Range, TreeNode } from '../core/canonical-sum.ts';
import type { ExchangeShape } from './exchange-layout.ts';
import { ExchangeLayout, range, SMALL_FLOATS } from './exchange-layout.ts';
import type { Piece } from './exchange-pieces.ts';

const FLOAT_BYTES = 4;

/** Part of a subtree's sum on its way to or from a peer. */
export interface SubtreeTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly node: TreeNode;
  /** Ranges of floats of the leaf, one for each message; the same on both sides. */
  readonly frames: readonly Range[];
}

/** Finished pieces on their way to or from a peer. */
export interface SegmentTransfer {
  /** Rank of the other side. */
  readonly peer: number;
  readonly frames: readonly Range[];
}

/** Whether a vector is so small that every rank should compute the whole sum. */
export function isSmall(
  { workers, floats }: Pick<ExchangeShape, 'workers' | 'floats'>,
  smallFloats = SMALL_FLOATS,
): boolean {
  return (workers - 1) * floats <= smallFloats;
}

/** What one rank does in a global step's exchange. Peers with nothing to send or receive are absent. */
export interface ExchangePlan {
  readonly rank: number;
  /** Numbers in a leaf. */
  readonly floats: number;
  /** All other ranks. */
  readonly peers: readonly number[];
  /** Those of this host; all, if everyone sends everyone everything. */
  readonly neighbours: readonly number[];
  /** Micro-batches that this rank computes. */
  readonly share: Range;
  /** The whole subtrees of the share, left to right. */
  readonly subtrees: readonly TreeNode[];
  /** The pieces that this rank adds. */
  readonly pieces: readonly CombinedPiece[];
  /** What it adds in each of them: the subtrees of this host's workers, left to right. */
  readonly parts: readonly TreeNode[];
  /** What the owner of a piece adds: the whole subtrees of all hosts, left to right. */
  readonly sums: readonly TreeNode[];
  /** This rank's subtrees, for the other combiners of this host. */
  readonly sends: readonly SubtreeTransfer[];
  /** The subtrees of this host's other ranks, in tree order. */
  readonly receives: readonly SubtreeTransfer[];
  /** This host's whole subtrees, for owners on other hosts. */
  readonly sumSends: readonly SubtreeTransfer[];
  /** The other hosts' whole subtrees of the pieces that this rank owns, in tree order. */
  readonly sumReceives: readonly SubtreeTransfer[];
  /** The pieces that this rank has finished, for their other combiners and for all ranks of this host. */
  readonly gatherSends: readonly SegmentTransfer[];
  /** Finished pieces, from their owners. */
  readonly gatherReceives: readonly SegmentTransfer[];
  /** Finished pieces of owners on other hosts, for this host's other ranks. */
  readonly copySends: readonly SegmentTransfer[];
  /** The others of these, from the ranks of this host that add them. */
  readonly copyReceives: readonly SegmentTransfer[];
  /** Ranks without micro-batches and pieces of their own: no result shows that they have begun the round. */
  readonly silent: readonly number[];
  /** Payload that this rank sends and receives in all, without headers. */
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

/** A piece that a rank adds. */
export interface CombinedPiece extends Range {
  /** Whether this rank finishes it. */
  readonly isOwn: boolean;
  /**
   * Vectors of the piece's length that this rank sends to other hosts and that lie neither in its own subtrees nor in
   * the result: both are memory of a host whose workers share it.
   */
  readonly sentSums: number;
}

/** What rank `rank` does in the exchange. The plans of all ranks match. */
export function exchangePlan(rank: number, shape: ExchangeShape): ExchangePlan {
  const layout = new ExchangeLayout(rank, shape);
  const sends = withFrames(sendsOf(layout));
  const receives = withFrames(receivesOf(layout));
  const sumSends = sumSendsOf(layout);
  const sumReceives = sumReceivesOf(layout);
  const gatherSends = shape.everywhere ? [] : withFrames(gatherSendsOf(layout));
  const gatherReceives = shape.everywhere ? [] : withFrames(gatherReceivesOf(layout));
  const copySends = withFrames(copySendsOf(layout));
  const copyReceives = withFrames(copyReceivesOf(layout));
  return {
    rank,
    floats: shape.floats,
    peers: range(shape.workers).filter((peer) => peer !== rank),
    neighbours: layout.neighbours,
    share: layout.shareOf(rank),
    subtrees: layout.subtreesOf(rank),
    pieces: combinedPieces(layout),
    parts: layout.ranksHere.flatMap((worker) => layout.subtreesOf(worker)),
    sums: layout.hosts.flatMap((_, host) => layout.sumsOf(host)),
    ...{ sends, receives, sumSends, sumReceives },
    ...{ gatherSends, gatherReceives, copySends, copyReceives },
    silent: silentRanks(layout),
    sentBytes: bytesOf([...sends, ...sumSends, ...gatherSends, ...copySends]),
    receivedBytes: bytesOf([...receives, ...sumReceives, ...gatherReceives, ...copyReceives]),
  };
}

function combinedPieces(layout: ExchangeLayout): CombinedPiece[] {
  const { neighbours, otherHosts, host } = layout;
  const isShared = neighbours.length > 0 && otherHosts.length > 0;
  return layout.added.map((piece) => {
    const isOwn = layout.isOwn(piece);
    const sums = isOwn ? 1 : layout.sumsOf(host).length;
    return { ...rangeOf(piece), isOwn, sentSums: isShared ? sums : 0 };
  });
}

function sendsOf(layout: ExchangeLayout): SubtreeTransfer[] {
  return layout.neighbours.flatMap((peer) =>
    layout.subtreesOf(layout.rank).map((node) => ({ peer, node, frames: layout.handedTo(peer) })),
  );
}

function receivesOf(layout: ExchangeLayout): SubtreeTransfer[] {
  const frames = layout.handedTo(layout.rank);
  return ascending(layout.neighbours).flatMap((peer) =>
    layout.subtreesOf(peer).map((node) => ({ peer, node, frames })),
  );
}

function sumSendsOf(layout: ExchangeLayout): SubtreeTransfer[] {
  return layout.otherHosts.flatMap((home) => {
    const pieces = layout.added.filter((piece) => piece.home === home);
    return byPeer(pieces, layout.ownerOf).flatMap(({ peer, frames }) =>
      layout.sumsOf(layout.host).map((node) => ({ peer, node, frames })),
    );
  });
}

function sumReceivesOf(layout: ExchangeLayout): SubtreeTransfer[] {
  return ascending(layout.otherHosts).flatMap((host) =>
    counterparts(layout, host).flatMap(({ peer, frames }) =>
      layout.sumsOf(host).map((node) => ({ peer, node, frames })),
    ),
  );
}

function gatherSendsOf(layout: ExchangeLayout): SegmentTransfer[] {
  const frames = layout.added.filter(layout.isOwn).map(rangeOf);
  return [
    ...layout.otherHosts.flatMap((host) => counterparts(layout, host)),
    ...layout.neighbours.map((peer) => ({ peer, frames })),
  ];
}

function gatherReceivesOf(layout: ExchangeLayout): SegmentTransfer[] {
  const { added, neighbours, ownerOf } = layout;
  const elsewhere = added.filter((piece) => !layout.isOwn(piece));
  return [
    ...byPeer(elsewhere, ownerOf),
    ...neighbours.map((peer) => ({
      peer,
      frames: layout
        .addedBy(peer)
        .filter((piece) => ownerOf(piece) === peer)
        .map(rangeOf),
    })),
  ];
}

function copySendsOf(layout: ExchangeLayout): SegmentTransfer[] {
  const frames = layout.added.filter((piece) => !layout.isOwn(piece)).map(rangeOf);
  return layout.neighbours.map((peer) => ({ peer, frames }));
}

function copyReceivesOf(layout: ExchangeLayout): SegmentTransfer[] {
  const { neighbours, host } = layout;
  return neighbours.map((peer) => ({
    peer,
    frames: layout
      .addedBy(peer)
      .filter(({ home }) => home !== host)
      .map(rangeOf),
  }));
}

/** The combiners of another host for the pieces that this rank owns. */
function counterparts(layout: ExchangeLayout, host: number): SegmentTransfer[] {
  return byPeer(layout.added.filter(layout.isOwn), ({ combiners }) => combiners[host]!);
}

function silentRanks(layout: ExchangeLayout): number[] {
  const owners = layout.owners;
  const contributes = (rank: number) =>
    layout.shape.floats > 0 && layout.subtreesOf(rank).length > 0;
  return range(layout.shape.workers).filter((rank) => !owners.has(rank) && !contributes(rank));
}

/** Groups pieces by the rank that `peerOf` names, in the order of its first piece. */
function byPeer(pieces: readonly Piece[], peerOf: (piece: Piece) => number): SegmentTransfer[] {
  const peers = [...new Set(pieces.map(peerOf))];
  return peers.map((peer) => ({
    peer,
    frames: pieces.filter((piece) => peerOf(piece) === peer).map(rangeOf),
  }));
}

const rangeOf = ({ begin, end }: Range): Range => ({ begin, end });
const ascending = (ranks: readonly number[]) => ranks.toSorted((a, b) => a - b);

function withFrames<Transfer extends SegmentTransfer>(transfers: readonly Transfer[]): Transfer[] {
  return transfers.filter(({ frames }) => frames.length > 0);
}

function bytesOf(transfers: readonly SegmentTransfer[]): number {
  const floats = transfers
    .flatMap((transfer) => transfer.frames)
    .reduce((sum, { begin, end }) => sum + end - begin, 0);
  return FLOAT_BYTES * floats;
}
