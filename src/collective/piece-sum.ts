/** Adds the subtrees of one piece of the leaf in tree order. No socket, no clock. */
import type { Range, Subtree, TreeNode } from '../core/canonical-sum.ts';
import { addCanonical, nodeKey, SubtreeStack, sumSubtrees } from '../core/canonical-sum.ts';

/** A subtree's numbers of a piece. */
export interface Part {
  readonly data: Float32Array;
  /** Whether the sum may overwrite it. */
  readonly ours: boolean;
}

/** What a piece consists of, and where its sums go. */
export interface PieceSumOptions {
  readonly range: Range;
  /** Micro-batches: the leaves of the tree. */
  readonly microBatches: number;
  /** The subtrees of this host's workers, left to right. */
  readonly parts: readonly TreeNode[];
  /** The whole subtrees of all hosts, left to right; null: this rank does not finish the piece. */
  readonly sums: readonly TreeNode[] | null;
  /**
   * Memory for what is sent on, one vector for the finished sum, or one for each whole subtree of this host. None: the
   * subtrees of this host are its only worker's, and are sent as they are.
   */
  readonly targets: readonly Float32Array[];
}

/**
 * One piece on the rank that adds it. The subtrees of this host's workers come first, in any order; when all are there
 * they become the host's whole subtrees. The piece's owner takes those of the other hosts, too, and finishes the sum.
 */
export class PieceSum {
  readonly range: Range;
  readonly #options: PieceSumOptions;
  readonly #adder: Adder;
  readonly #parts = new Map<string, Part>();
  readonly #sums = new Map<string, Part>();

  constructor(options: PieceSumOptions) {
    this.range = options.range;
    this.#options = options;
    this.#adder = new Adder(options.targets);
  }

  /** Takes a subtree of a worker of this host. Returns the host's whole subtrees after the last one. */
  addPart(node: TreeNode, data: Float32Array): readonly Subtree<Part>[] {
    const { parts, microBatches } = this.#options;
    this.#parts.set(nodeKey(node), { data, ours: false });
    if (this.#parts.size < parts.length) return [];
    const stack = new SubtreeStack<Part>(microBatches, this.#adder.add);
    for (const subtree of inOrder(parts, this.#parts)) stack.pushSubtree(subtree);
    this.#parts.clear();
    return stack.subtrees();
  }

  /** Takes a whole subtree of a host. Returns the finished sum after the last one, in its target. */
  addSum(node: TreeNode, part: Part): Float32Array | null {
    const { sums, microBatches } = this.#options;
    this.#sums.set(nodeKey(node), part);
    if (sums === null || this.#sums.size < sums.length) return null;
    const total = sumSubtrees(inOrder(sums, this.#sums), microBatches, this.#adder.add);
    this.#sums.clear();
    return this.#adder.settle(total);
  }

  get isOwn(): boolean {
    return this.#options.sums !== null;
  }

  /** A sum's numbers where they may be sent from. */
  settle(part: Part): Float32Array {
    return this.#adder.settle(part);
  }
}

const inOrder = (nodes: readonly TreeNode[], found: ReadonlyMap<string, Part>): Subtree<Part>[] =>
  nodes.map((node) => ({ node, sum: found.get(nodeKey(node))! }));

/** Adds without new memory where it can: in `targets`, and in sums that it has added to others. */
class Adder {
  readonly #targets: readonly Float32Array[];
  readonly #free: Float32Array[];

  constructor(targets: readonly Float32Array[]) {
    this.#targets = targets;
    this.#free = [...targets];
  }

  readonly add = (left: Part, right: Part): Part => {
    const data = this.#memoryFor(left, right);
    addCanonical(data, left.data, right.data);
    for (const old of [left, right]) {
      if (old.ours && old.data !== data) this.#free.push(old.data);
    }
    return { data, ours: true };
  };

  /** The numbers in one of the targets if there are any: where they are, or as a copy. */
  settle({ data }: Part): Float32Array {
    if (this.#targets.length === 0 || this.#targets.includes(data)) return data;
    const at = this.#free.findIndex((memory) => this.#targets.includes(memory));
    const [target] = this.#free.splice(at, 1);
    target!.set(data);
    return target!;
  }

  #memoryFor(left: Part, right: Part): Float32Array {
    const own = [left, right].filter(({ ours }) => ours);
    // If one of the two is in a target, the sum stays there.
    const kept = own.find(({ data }) => this.#targets.includes(data)) ?? own[0];
    return kept?.data ?? this.#free.shift() ?? new Float32Array(left.data.length);
  }
}
