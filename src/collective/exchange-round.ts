/**
 * One all-reduce in progress on one rank. `accept` takes incoming frames, `post` gets outgoing ones, and when
 * `done` is true `result` holds the sum. No socket, no clock.
 *
 * The unit of work is a *piece*: one frame's range of this rank's own segment. When the parts of all subtrees have
 * arrived for a piece, the rank adds them in tree order and sends the sum to all others, while parts of the next
 * piece still arrive.
 */

import type { Range, Subtree, SubtreeStack, TreeNode } from '../core/canonical-sum.ts';
import { addCanonical, leavesOf, nodeKey, sumSubtrees } from '../core/canonical-sum.ts';
import { LockstepError } from '../core/errors.ts';
import type { DataHeader } from '../protocol/data-frame.ts';
import type { Awaited } from '../protocol/messages.ts';
import type { ExchangePlan } from './exchange-plan.ts';
import { exchangePlan, framesIn, isSmall } from './exchange-plan.ts';

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

/** An outgoing frame. `part` shares memory with a vector of the input, or with finished numbers of the result. */
export interface OutgoingPart {
  readonly peer: number;
  readonly stage: DataHeader['stage'];
  readonly node: TreeNode;
  readonly offset: number;
  readonly part: Float32Array;
}

interface Part {
  readonly data: Float32Array;
  /** Whether the sum may overwrite it. */
  readonly ours: boolean;
}

interface Piece {
  readonly range: Range;
  readonly parts: Map<string, Part>;
}

const NO_NODE: TreeNode = { level: 0, index: 0 };

/** One rank's side of one round. */
export class ExchangeRound {
  readonly shape: ReduceShape;
  readonly result: Float32Array;
  readonly #plan: ExchangePlan;
  /** The subtrees that cover the tree, left to right. */
  readonly #cover: readonly TreeNode[];
  readonly #pieces: ReadonlyMap<number, Piece>;
  /** Number of floats in each missing frame, by rank, stage, node and offset. */
  readonly #awaited = new Map<string, number>();
  /** Subtrees of this rank's share that `add` has not received. */
  readonly #lacking: Set<string>;
  readonly #post: (part: OutgoingPart) => void;
  readonly #others: readonly number[];

  /**
   * @param result receives the sum; peers read its finished segment in place
   * @param frameFloats most numbers in a frame
   */
  constructor(
    rank: number,
    worldSize: number,
    { step, microBatches, length }: ReduceShape,
    result: Float32Array,
    frameFloats: number,
    post: (part: OutgoingPart) => void,
  ) {
    this.shape = { step, microBatches, length };
    this.#post = post;
    const shape = { workers: worldSize, microBatches, floats: length, frameFloats };
    this.#plan = exchangePlan(rank, { ...shape, everywhere: isSmall(shape) });
    this.#lacking = new Set(this.#plan.subtrees.map(nodeKey));
    this.#others = Array.from({ length: worldSize - 1 }, (_, i) => (rank + 1 + i) % worldSize);
    this.#cover = coverOf(this.#plan, microBatches);
    this.#pieces = piecesOf(this.#plan.segment, frameFloats);
    this.result = result;
    this.#awaitFrames();
    this.#sendSigns();
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
        this.#post({
          peer,
          stage: 'reduce',
          node,
          offset: begin,
          part: vector.subarray(begin, end),
        });
      }
    }
    for (const { range } of this.#pieces.values()) {
      const data = vector.subarray(range.begin, range.end);
      this.#place(node, range.begin, { data, ours: false });
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
    return this.#awaited.size === 0 && this.#lacking.size === 0;
  }

  /** What is missing, and from which ranks: first what they can send without waiting for anybody. */
  get awaited(): Awaited {
    const missing = [...this.#awaited].map(([key, floats]) => ({
      rank: Number.parseInt(key, 10),
      isPart: key.includes(' reduce ') || floats === 0,
    }));
    const parts = missing.filter(({ isPart }) => isPart);
    const ranks = (parts.length > 0 ? parts : missing).map(({ rank }) => rank);
    const what = parts.length > 0 ? 'parts' : 'segments';
    return { what, ranks: [...new Set(ranks)].sort((a, b) => a - b) };
  }

  /** Takes a frame. False if this round awaits no such frame: a duplicate, or not in the plan. */
  accept(header: DataHeader, payload: Float32Array): boolean {
    const key = frameKey(header.sender, header.stage, header, header.offset);
    if (this.#awaited.get(key) !== payload.length) return false;
    this.#awaited.delete(key);
    if (header.stage === 'gather') this.result.set(payload, header.offset);
    else this.#place(header, header.offset, { data: payload, ours: false });
    return true;
  }

  #awaitFrames(): void {
    for (const { peer, node, frames } of this.#plan.receives) {
      for (const { begin, end } of frames) {
        this.#awaited.set(frameKey(peer, 'reduce', node, begin), end - begin);
      }
    }
    for (const { peer, frames } of this.#plan.gatherReceives) {
      for (const { begin, end } of frames) {
        this.#awaited.set(frameKey(peer, 'gather', NO_NODE, begin), end - begin);
      }
    }
    const { receives, gatherReceives } = this.#plan;
    for (const peer of this.#silent([...receives, ...gatherReceives])) {
      this.#awaited.set(frameKey(peer, 'gather', NO_NODE, 0), 0);
    }
  }

  #sendSigns(): void {
    const { sends, gatherSends } = this.#plan;
    const empty = new Float32Array(0);
    for (const peer of this.#silent([...sends, ...gatherSends])) {
      this.#post({ peer, stage: 'gather', node: NO_NODE, offset: 0, part: empty });
    }
  }

  /**
   * The ranks that are in none of `transfers`. They get one empty frame nevertheless: it shows that this rank has
   * begun the round, which the reuse of memory relies on (all-reduce.ts).
   */
  #silent(transfers: readonly { peer: number }[]): number[] {
    const heard = new Set(transfers.map(({ peer }) => peer));
    return this.#others.filter((peer) => !heard.has(peer));
  }

  /** Keeps one subtree's part of a piece. The last part completes the piece. */
  #place(node: TreeNode, offset: number, part: Part): void {
    const piece = this.#pieces.get(offset)!;
    piece.parts.set(nodeKey(node), part);
    if (piece.parts.size === this.#cover.length) this.#finishPiece(piece);
  }

  #finishPiece({ range, parts }: Piece): void {
    const cover: Subtree<Part>[] = this.#cover.map((node) => ({
      node,
      sum: parts.get(nodeKey(node))!,
    }));
    const target = this.result.subarray(range.begin, range.end);
    const { data } = sumSubtrees(cover, this.shape.microBatches, adderInto(target));
    parts.clear();
    if (data !== target) target.set(data);
    for (const { peer } of this.#plan.gatherSends) {
      this.#post({ peer, stage: 'gather', node: NO_NODE, offset: range.begin, part: target });
    }
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

/** An adder that reuses the memory of sums; it writes the first sum into `target`. */
function adderInto(target: Float32Array): (left: Part, right: Part) => Part {
  let isFree = true;
  const memory = (left: Part, right: Part): Float32Array => {
    // If one of the two is in `target`, the sum goes there, too.
    if (left.data === target || right.data === target) return target;
    if (left.ours) return left.data;
    if (right.ours) return right.data;
    if (!isFree) return new Float32Array(target.length);
    isFree = false;
    return target;
  };
  return (left, right) => {
    const data = memory(left, right);
    addCanonical(data, left.data, right.data);
    return { data, ours: true };
  };
}

function coverOf({ subtrees, receives }: ExchangePlan, microBatches: number): TreeNode[] {
  const nodes = [...subtrees, ...receives.map(({ node }) => node)];
  return nodes.sort((a, b) => leavesOf(a, microBatches).begin - leavesOf(b, microBatches).begin);
}

function piecesOf(segment: Range, frameFloats: number): Map<number, Piece> {
  return new Map(
    framesIn(segment, frameFloats).map((range) => [range.begin, { range, parts: new Map() }]),
  );
}

/** Begins with the rank; `awaited` reads it. */
function frameKey(rank: number, stage: string, node: TreeNode, offset: number): string {
  return `${rank} ${stage} ${nodeKey(node)} ${offset}`;
}

/** This rank's finished subtrees, as input of the all-reduce. */
export function reduceInput(
  tree: SubtreeStack<Float32Array>,
  shape: { step: number; microBatches: number; length: number },
): ReduceInput {
  const subtrees = tree.subtrees().map(({ node, sum }) => ({ ...node, vector: sum }));
  return { ...shape, subtrees };
}
