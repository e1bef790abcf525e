/** The canonical sum of one global step's leaves over all workers, fed with this worker's leaves one by one. */
import { type ReduceShape, reduceInput } from '../../collective/exchange-round.ts';
import { nodeKey, type Range, SubtreeStack, wholeSubtrees } from '../../core/canonical-sum.ts';
import type { Session } from '../../engine/engine.ts';
import type { Comm } from '../comm.ts';

export class GlobalSum {
  readonly #comm: Pick<Comm, 'allReduce' | 'offer' | 'checkMembership'>;
  readonly #shape: ReduceShape;
  readonly #share: Range;
  readonly #tree: SubtreeStack<Float32Array>;
  /** Subtrees that only this worker's leaves are in. */
  readonly #whole: ReadonlySet<string>;

  /** @param share this worker's leaves */
  constructor(
    comm: Pick<Comm, 'allReduce' | 'offer' | 'checkMembership'>,
    adder: Pick<Session, 'merge'>,
    share: Range,
    shape: ReduceShape,
  ) {
    this.#comm = comm;
    this.#shape = shape;
    this.#share = share;
    this.#tree = new SubtreeStack(shape.microBatches, (a, b) => adder.merge(a, b));
    this.#whole = new Set(wholeSubtrees(share, shape.microBatches).map(nodeKey));
  }

  /**
   * Adds a leaf. A subtree that it completes travels to the other workers while this one computes the next leaf.
   * @throws MembershipChanged
   */
  add(microBatch: number, leaf: Float32Array): void {
    this.#tree.push(microBatch, leaf);
    this.#comm.checkMembership();
    const { node, sum } = this.#tree.subtrees().at(-1)!;
    const isLast = microBatch + 1 === this.#share.end;
    // The last one travels with the all-reduce itself.
    if (!isLast && this.#whole.has(nodeKey(node))) {
      this.#comm.offer(this.#shape, { ...node, vector: sum });
    }
  }

  /** @throws MembershipChanged */
  async overAllWorkers(): Promise<Float32Array> {
    return await this.#comm.allReduce(reduceInput(this.#tree, this.#shape));
  }
}
