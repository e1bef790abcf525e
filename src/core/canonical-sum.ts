/**
 * The canonical sum: float32 vectors, one a leaf, added in one fixed binary tree whatever the number of
 * workers, so that every number of workers gives the same bits.
 *
 * Node (level j, index k) of the tree over M leaves covers [k·2ʲ, min(M, (k+1)·2ʲ)). A node whose right
 * child covers nothing *is* its left child: nothing is added, zeros least of all. A node is known by its
 * highest name of this kind, so two nodes are the same exactly when level and index are.
 *
 * Floating-point addition commutes but does not associate, hence the fixed tree. Subnormal numbers are
 * the other trap: TensorFlow's threads flush them to zero (and read them as zero), JavaScript and WASM
 * keep them. So |x| < 2⁻¹²⁶ becomes +0 in every leaf and every sum. A flushing adder may leave −0 where
 * this one leaves +0; once −0 is +0 in its result too, the bits are equal.
 */

import { addVectors } from './simd-adder.ts';

export interface TreeNode {
  readonly level: number;
  readonly index: number;
}

/** "level.index", for maps and messages. */
export const nodeKey = ({ level, index }: TreeNode): string => `${level}.${index}`;

/** Half-open. */
export interface Range {
  readonly begin: number;
  readonly end: number;
}

/** A node of the tree with the sum of its leaves. */
export interface Subtree<Sum> {
  readonly node: TreeNode;
  readonly sum: Sum;
}

/** Smallest normal float32. */
const SMALLEST_NORMAL = 2 ** -126;

/**
 * `out[i] = a[i] + b[i]` in float32, subnormal results and −0 as +0; `out` may be `a` or `b`. The inputs
 * are leaves that went through `flushSubnormals`, or results of this function. NaN and infinities pass.
 */
export function addCanonical(out: Float32Array, a: Float32Array, b: Float32Array): void {
  const size = out.length;
  if (a.length !== size || b.length !== size) {
    throw new RangeError(`Cannot add ${a.length} and ${b.length} numbers into ${size}.`);
  }
  addVectors(out, a, b);
}

/** Makes a leaf fit for the sum, in place: |x| < 2⁻¹²⁶ and −0 become +0. */
export function flushSubnormals(leaf: Float32Array): void {
  for (let i = 0; i < leaf.length; i++) {
    if (Math.abs(leaf[i]!) < SMALLEST_NORMAL) leaf[i] = 0;
  }
}

/** Level of the root of the tree over `leaves`. */
export function rootLevel(leaves: number): number {
  return leaves <= 1 ? 0 : 32 - Math.clz32(leaves - 1);
}

/** The leaves that a node covers. */
export function leavesOf({ level, index }: TreeNode, leaves: number): Range {
  const width = 2 ** level;
  return { begin: index * width, end: Math.min(leaves, (index + 1) * width) };
}

/** The fewest nodes that together cover exactly `range`, left to right. */
export function wholeSubtrees(range: Range, leaves: number): TreeNode[] {
  const nodes: TreeNode[] = [];
  for (let begin = range.begin; begin < range.end; begin = leavesOf(nodes.at(-1)!, leaves).end) {
    let node: TreeNode = { level: 0, index: begin };
    while (node.level < rootLevel(leaves) && node.index % 2 === 0) {
      const parent = parentOf(node);
      if (leavesOf(parent, leaves).end > range.end) break;
      node = parent;
    }
    nodes.push(node);
  }
  return nodes;
}

/**
 * Finishes the tree from any cover by whole subtrees, in whatever order they came; `merge` as for
 * `SubtreeStack`.
 * @throws RangeError when a leaf is missing or counted twice.
 */
export function sumSubtrees<Sum>(
  subtrees: readonly Subtree<Sum>[],
  leaves: number,
  merge: (left: Sum, right: Sum) => Sum,
): Sum {
  const stack = new SubtreeStack(leaves, merge);
  const firstLeaf = ({ node }: Subtree<Sum>) => leavesOf(node, leaves).begin;
  const leftToRight = subtrees.toSorted((a, b) => firstLeaf(a) - firstLeaf(b));
  for (const subtree of leftToRight) stack.pushSubtree(subtree);
  const [root, ...rest] = stack.subtrees();
  if (root === undefined || rest.length > 0 || root.node.level !== rootLevel(leaves)) {
    throw new RangeError(
      `${subtrees.length} subtrees do not cover the ${leaves} leaves of the tree from the first to the last.`,
    );
  }
  return root.sum;
}

/**
 * Adds leaves as they come, in order, holding finished subtrees only: the carry of a binary counter, so
 * at most log₂ of the leaves are held. `merge` gets siblings and may reuse either's memory.
 */
export class SubtreeStack<Sum> {
  readonly #leaves: number;
  readonly #merge: (left: Sum, right: Sum) => Sum;
  readonly #finished: Subtree<Sum>[] = [];

  /** @param leaves of the whole tree, of which this stack sees a contiguous range. */
  constructor(leaves: number, merge: (left: Sum, right: Sum) => Sum) {
    this.#leaves = leaves;
    this.#merge = merge;
  }

  /** The next leaf. @throws RangeError when it does not follow the leaf before. */
  push(leaf: number, sum: Sum): void {
    this.pushSubtree({ node: { level: 0, index: leaf }, sum });
  }

  /** The next whole subtree. @throws RangeError when it does not follow what is there. */
  pushSubtree({ node, sum }: Subtree<Sum>): void {
    this.#checkFollows(node);
    let merged = sum;
    let at = node;
    while (at.level < rootLevel(this.#leaves)) {
      if (at.index % 2 === 1) {
        if (!this.#siblingIsOnTop(at)) break;
        merged = this.#merge(this.#finished.pop()!.sum, merged);
      } else if (leavesOf(at, this.#leaves).end < this.#leaves) {
        break;
      }
      at = parentOf(at);
    }
    this.#finished.push({ node: at, sum: merged });
  }

  /** The finished subtrees, left to right: the `wholeSubtrees` of the range pushed so far. */
  subtrees(): readonly Subtree<Sum>[] {
    return this.#finished;
  }

  #siblingIsOnTop({ level, index }: TreeNode): boolean {
    const top = this.#finished.at(-1)?.node;
    return top !== undefined && top.level === level && top.index === index - 1;
  }

  #checkFollows(node: TreeNode): void {
    const { begin, end } = leavesOf(node, this.#leaves);
    const top = this.#finished.at(-1);
    const next = top === undefined ? begin : leavesOf(top.node, this.#leaves).end;
    if (begin === next && begin >= 0 && begin < end) return;
    throw new RangeError(
      `Leaves [${begin}, ${end}) of ${this.#leaves} cannot follow: leaf ${next} is next.`,
    );
  }
}

function parentOf({ level, index }: TreeNode): TreeNode {
  return { level: level + 1, index: Math.floor(index / 2) };
}

/**
 * The micro-batches of rank `rank` of `workers`: a contiguous range, the ranges of all ranks as equal as
 * possible; empty for some when there are more workers than micro-batches.
 */
export function shareOf(rank: number, workers: number, microBatches: number): Range {
  return {
    begin: Math.floor((microBatches * rank) / workers),
    end: Math.floor((microBatches * (rank + 1)) / workers),
  };
}
