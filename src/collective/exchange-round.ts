/**
 * One all-reduce in progress on one rank. `accept` takes incoming frames, `post` gets outgoing ones, and when
 * `done` is true `result` holds the sum. No socket, no clock.
 *
 * The unit of work is a *piece* (exchange-pieces.ts). When the parts of all subtrees have arrived for a piece, the rank
 * adds them in tree order and passes the sum on, while parts of the next piece still arrive.
 */

import type { SubtreeStack, TreeNode } from '../core/canonical-sum.ts';
import { nodeKey } from '../core/canonical-sum.ts';
import { LockstepError } from '../core/errors.ts';
import type { DataHeader } from '../protocol/data-frame.ts';
import type { Awaited } from '../protocol/messages.ts';
import { AwaitedFrames, NO_NODE } from './awaited-frames.ts';
import type { CombinedPiece, ExchangePlan, SegmentTransfer } from './exchange-plan.ts';
import type { Part } from './piece-sum.ts';
import { PieceSum } from './piece-sum.ts';

/** The shape of a reduction: the same on all ranks. */
export interface ReduceShape {
  readonly step: number;
  /** Micro-batches of the global step: the leaves of the tree. */
  readonly microBatches: number;
  /** Numbers in every vector. */
  readonly length: number;
}

/** A whole subtree of a rank's share. */
export interface OwnSubtree extends TreeNode {
  readonly vector: Float32Array;
}

/** What a rank contributes. */
export interface ReduceInput extends ReduceShape {
  /**
   * The whole subtrees of this rank's share, left to right; empty for a rank without micro-batches. Peers read the
   * vectors in place; see `AllReduce.reduce`.
   */
  readonly subtrees: readonly OwnSubtree[];
}

/** An outgoing frame. `part` shares memory with a vector of the input, or with that of the round. */
export interface OutgoingPart {
  readonly peer: number;
  readonly stage: DataHeader['stage'];
  readonly node: TreeNode;
  readonly offset: number;
  readonly part: Float32Array;
}

/** Where a round's sums go. */
export interface RoundMemory {
  /** Gets the sum. The workers of this host read it in place. */
  readonly result: Float32Array;
  /** So many numbers for what goes to other hosts. */
  sent(floats: number): Float32Array;
}

const NOTHING = new Float32Array(0);

/** One rank's side of one round. */
export class ExchangeRound {
  readonly shape: ReduceShape;
  readonly result: Float32Array;
  readonly #plan: ExchangePlan;
  /** By the first number of the piece. */
  readonly #pieces = new Map<number, PieceSum>();
  readonly #awaited: AwaitedFrames;
  /** Subtrees of this rank's share that `add` has not received. */
  readonly #lacking: Set<string>;
  readonly #post: (part: OutgoingPart) => void;
  /** Who finishes a piece on another host, by its first number. */
  readonly #owners: ReadonlyMap<number, number>;
  /** Who gets a piece when it is finished, likewise. */
  readonly #waiting: ReadonlyMap<number, readonly number[]>;
  readonly #neighbours: ReadonlySet<number>;

  constructor(
    { step, microBatches, length }: ReduceShape,
    plan: ExchangePlan,
    memory: RoundMemory,
    post: (part: OutgoingPart) => void,
  ) {
    this.shape = { step, microBatches, length };
    this.result = memory.result;
    this.#post = post;
    this.#plan = plan;
    this.#neighbours = new Set(plan.neighbours);
    this.#lacking = new Set(plan.subtrees.map(nodeKey));
    this.#owners = ownersOf(plan);
    this.#waiting = peersByPiece([...plan.gatherSends, ...plan.copySends]);
    this.#awaited = new AwaitedFrames(plan);
    this.#makePieces(memory);
    this.#showItself();
  }

  /**
   * Takes one of this rank's subtrees: posts its parts to the peers, and adds it here.
   * @throws LockstepError UNEXPECTED if it is not in this rank's share, or is added twice
   */
  add({ level, index, vector }: OwnSubtree): void {
    const node = { level, index };
    if (vector.length !== this.shape.length || !this.#lacking.delete(nodeKey(node))) {
      throw this.#unfit(`was given ${nodeKey(node)} of ${vector.length} numbers`);
    }
    for (const { peer, node: sent, frames } of this.#plan.sends) {
      if (nodeKey(sent) !== nodeKey(node)) continue;
      for (const { begin, end } of frames) {
        this.#send(peer, 'reduce', node, begin, vector.subarray(begin, end));
      }
    }
    for (const piece of this.#pieces.values()) {
      this.#addPart(piece, node, vector.subarray(piece.range.begin, piece.range.end));
    }
  }

  /** @throws LockstepError UNEXPECTED while subtrees of this rank's share are missing */
  checkWhole(): void {
    if (this.#lacking.size > 0) throw this.#unfit(`lacks ${[...this.#lacking].join(', ')}`);
  }

  has(node: TreeNode): boolean {
    return !this.#lacking.has(nodeKey(node));
  }

  get done(): boolean {
    return this.#awaited.isEmpty && this.#lacking.size === 0;
  }

  /** What is missing, and from which ranks: first what they can send without waiting for anybody. */
  get awaited(): Awaited {
    return this.#awaited.first;
  }

  /** Takes a frame. False if this round awaits no such frame: a duplicate, or not in the plan. */
  accept(header: DataHeader, payload: Float32Array): boolean {
    const { sender, stage, level, index, offset } = header;
    const node = { level, index };
    if (!this.#awaited.take(sender, stage, node, offset, payload.length)) return false;
    if (stage === 'gather') this.#acceptFinished(offset, payload);
    else if (this.#neighbours.has(sender)) this.#acceptParts(node, offset, payload);
    else this.#addSum(this.#pieces.get(offset)!, node, { data: payload, ours: false });
    return true;
  }

  #makePieces(memory: RoundMemory): void {
    const { pieces, parts, sums } = this.#plan;
    const sent = memory.sent(sentFloats(pieces));
    let taken = 0;
    for (const { begin, end, isOwn, sentSums } of pieces) {
      const take = (): Float32Array => {
        taken += end - begin;
        return sent.subarray(taken - (end - begin), taken);
      };
      const kept = isOwn ? [this.result.subarray(begin, end)] : [];
      this.#pieces.set(
        begin,
        new PieceSum({
          range: { begin, end },
          microBatches: this.shape.microBatches,
          parts,
          sums: isOwn ? sums : null,
          targets: sentSums > 0 ? Array.from({ length: sentSums }, take) : kept,
        }),
      );
    }
  }

  /** By an empty frame to all if no result can: no rank may finish a round before all have begun it (all-reduce.ts). */
  #showItself(): void {
    const { rank, silent, peers, floats } = this.#plan;
    if (!silent.includes(rank)) return;
    for (const peer of peers) this.#send(peer, 'gather', NO_NODE, floats, NOTHING);
  }

  /** Parts of one or several pieces, from a worker of this host. */
  #acceptParts(node: TreeNode, offset: number, payload: Float32Array): void {
    for (let at = 0; at < payload.length; ) {
      const piece = this.#pieces.get(offset + at)!;
      const length = piece.range.end - piece.range.begin;
      this.#addPart(piece, node, payload.subarray(at, at + length));
      at += length;
    }
  }

  #addPart(piece: PieceSum, node: TreeNode, data: Float32Array): void {
    for (const { node: whole, sum } of piece.addPart(node, data)) {
      if (piece.isOwn) this.#addSum(piece, whole, sum);
      else this.#sendSum(piece, whole, piece.settle(sum));
    }
  }

  #addSum(piece: PieceSum, node: TreeNode, part: Part): void {
    const total = piece.addSum(node, part);
    if (total === null) return;
    const { begin, end } = piece.range;
    const kept = this.result.subarray(begin, end);
    if (total.byteOffset !== kept.byteOffset || total.buffer !== kept.buffer) kept.set(total);
    for (const peer of this.#waiting.get(begin) ?? []) {
      this.#send(peer, 'gather', NO_NODE, begin, this.#neighbours.has(peer) ? kept : total);
    }
  }

  #sendSum({ range: { begin } }: PieceSum, node: TreeNode, sum: Float32Array): void {
    this.#send(this.#owners.get(begin)!, 'reduce', node, begin, sum);
  }

  #acceptFinished(offset: number, payload: Float32Array): void {
    this.result.set(payload, offset);
    const kept = this.result.subarray(offset, offset + payload.length);
    // Ranks of this host wait only if this one adds the piece.
    for (const peer of this.#waiting.get(offset) ?? []) {
      this.#send(peer, 'gather', NO_NODE, offset, kept);
    }
  }

  #send(
    peer: number,
    stage: DataHeader['stage'],
    node: TreeNode,
    offset: number,
    part: Float32Array,
  ): void {
    this.#post({ peer, stage, node, offset, part });
  }

  #unfit(what: string): LockstepError {
    const { rank, subtrees } = this.#plan;
    const { step, length } = this.shape;
    const share = subtrees.map(nodeKey).join(' ');
    return new LockstepError(
      'UNEXPECTED',
      `Cannot reduce step ${step}: rank ${rank}, whose share is the subtrees (level.index) "${share}" of ${length} numbers, ${what}.`,
      'This is a defect: please report it with the log of the run.',
    );
  }
}

function ownersOf({ sumSends }: ExchangePlan): Map<number, number> {
  return new Map(sumSends.flatMap(({ peer, frames }) => frames.map(({ begin }) => [begin, peer])));
}

function peersByPiece(transfers: readonly SegmentTransfer[]): Map<number, number[]> {
  const peers = new Map<number, number[]>();
  for (const { peer, frames } of transfers) {
    for (const { begin } of frames) peers.set(begin, [...(peers.get(begin) ?? []), peer]);
  }
  return peers;
}

function sentFloats(pieces: readonly CombinedPiece[]): number {
  return pieces.reduce((sum, { begin, end, sentSums }) => sum + sentSums * (end - begin), 0);
}

/** This rank's finished subtrees, as input of the all-reduce. */
export function reduceInput(
  tree: SubtreeStack<Float32Array>,
  shape: { step: number; microBatches: number; length: number },
): ReduceInput {
  const subtrees = tree.subtrees().map(({ node, sum }) => ({ ...node, vector: sum }));
  return { ...shape, subtrees };
}
