/** What one rank knows of all of them: hosts, shares, pieces, and who adds what. Pure. */
import type { Range, TreeNode } from '../core/canonical-sum.ts';
import { shareOf, wholeSubtrees } from '../core/canonical-sum.ts';
import type { Piece } from './exchange-pieces.ts';
import { joinNeighbours, piecesOf, ranksOf } from './exchange-pieces.ts';

/** 1 MiB: the receiver adds one frame while the next one arrives. */
export const FRAME_FLOATS = 2 ** 18;
/** 16 MiB, if only a frame's place travels: a frame costs 0.1 ms beside its numbers. */
export const PLACED_FRAME_FLOATS = 2 ** 22;
/** 256 KiB: up to this many floats for each other rank, everyone sends everyone everything. */
export const SMALL_FLOATS = 2 ** 16;

/** What a plan follows from, besides the rank. */
export interface ExchangeShape {
  readonly workers: number;
  /** Numbers of workers on each host, in order of rank. @default one host */
  readonly hosts?: readonly number[] | undefined;
  /** Micro-batches of this global step: the leaves of the tree. */
  readonly microBatches: number;
  /** Numbers in a leaf. */
  readonly floats: number;
  /** Whether every rank computes the whole sum. */
  readonly everywhere?: boolean;
  /** Most numbers in a frame between hosts, the same on all ranks. @default `FRAME_FLOATS` */
  readonly frameFloats?: number;
  /** Most numbers in a frame inside a host, the same on its ranks; the same on all if there is one. @default `frameFloats` */
  readonly localFrameFloats?: number | undefined;
}

/**
 * Numbers of workers on each host: ranks that follow each other on one host are together.
 * @param hosts the host of each rank
 */
export function workersByHost(hosts: readonly string[]): number[] {
  const firsts = hosts.flatMap((host, rank) => (host === hosts[rank - 1] ? [] : [rank]));
  return firsts.map((first, i) => (firsts[i + 1] ?? hosts.length) - first);
}

/** The exchange as rank `rank` sees it. */
export class ExchangeLayout {
  readonly rank: number;
  readonly shape: ExchangeShape;
  /** Ranks of each host. All are on one if everyone sends everyone everything. */
  readonly hosts: readonly Range[];
  /** This rank's host. */
  readonly host: number;
  /** The other hosts; each host begins with the next one, so that not all send to the same one first. */
  readonly otherHosts: readonly number[];
  readonly ranksHere: readonly number[];
  /** The other ranks of this host, likewise. */
  readonly neighbours: readonly number[];
  /** The pieces that this rank adds; first those that other hosts wait for. */
  readonly added: readonly Piece[];
  readonly #pieces: readonly Piece[];
  readonly #localFrameFloats: number;

  constructor(rank: number, shape: ExchangeShape) {
    const { workers, hosts = [workers], everywhere = false } = shape;
    const { frameFloats = FRAME_FLOATS, localFrameFloats = frameFloats } = shape;
    this.rank = rank;
    this.shape = shape;
    this.hosts = ranksOf(everywhere ? [workers] : hosts);
    this.host = this.hosts.findIndex(({ begin, end }) => begin <= rank && rank < end);
    this.otherHosts = range(this.hosts.length - 1).map((i) => this.#hostAfter(i));
    const { begin, end } = this.hosts[this.host]!;
    const size = end - begin;
    this.ranksHere = range(size).map((i) => begin + i);
    this.neighbours = range(size - 1).map((i) => begin + ((rank - begin + 1 + i) % size));
    this.#localFrameFloats = localFrameFloats;
    const pieceFloats =
      hosts.length > 1 ? Math.min(frameFloats, localFrameFloats) : localFrameFloats;
    const pieces = piecesOf(everywhere ? [1] : hosts, shape.floats, pieceFloats);
    this.#pieces = [...this.otherHosts, this.host].flatMap((home) =>
      pieces.filter((piece) => piece.home === home),
    );
    this.added = this.addedBy(rank);
  }

  shareOf(rank: number): Range {
    return shareOf(rank, this.shape.workers, this.shape.microBatches);
  }

  /** The whole subtrees of a rank's share, left to right. */
  subtreesOf(rank: number): TreeNode[] {
    return wholeSubtrees(this.shareOf(rank), this.shape.microBatches);
  }

  /** The whole subtrees of a host's share, left to right. */
  sumsOf(host: number): TreeNode[] {
    const { begin, end } = this.hosts[host]!;
    const share = { begin: this.shareOf(begin).begin, end: this.shareOf(end - 1).end };
    return wholeSubtrees(share, this.shape.microBatches);
  }

  /** The pieces that a rank of this host adds. */
  addedBy(rank: number): readonly Piece[] {
    if (this.shape.everywhere) return this.#pieces;
    return this.#pieces.filter(({ combiners }) => combiners[this.host] === rank);
  }

  /** The same as the frames in which the others hand it their subtrees, which are whole from the beginning. */
  handedTo(rank: number): Range[] {
    return joinNeighbours(this.addedBy(rank), this.#localFrameFloats);
  }

  /** The rank that finishes a piece; each rank does if everyone sends everyone everything. */
  readonly ownerOf = ({ home, combiners }: Piece): number =>
    this.shape.everywhere ? this.rank : combiners[home]!;

  readonly isOwn = (piece: Piece): boolean => this.ownerOf(piece) === this.rank;

  /** The ranks without which no other one can finish. */
  get owners(): Set<number> {
    return new Set(this.shape.everywhere ? [] : this.#pieces.map(this.ownerOf));
  }

  #hostAfter(i: number): number {
    return (this.host + 1 + i) % this.hosts.length;
  }
}

/** 0 … length − 1. */
export const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
