/** The frames that a round on one rank still misses. */
import type { TreeNode } from '../core/canonical-sum.ts';
import { nodeKey } from '../core/canonical-sum.ts';
import type { Awaited } from '../protocol/messages.ts';
import { AWAITED_ORDER } from '../protocol/messages.ts';
import type { ExchangePlan, SegmentTransfer, SubtreeTransfer } from './exchange-plan.ts';

interface Missing {
  readonly rank: number;
  readonly what: Awaited['what'];
  readonly floats: number;
}

type Stage = 'reduce' | 'gather';

/** The node of frames that carry finished numbers, or none. */
export const NO_NODE: TreeNode = { level: 0, index: 0 };

export class AwaitedFrames {
  readonly #missing = new Map<string, Missing>();

  constructor(plan: ExchangePlan) {
    this.#addSubtrees('parts', plan.receives);
    this.#addSubtrees('sums', plan.sumReceives);
    this.#addSegments('segments', plan.gatherReceives);
    this.#addSegments('copies', plan.copyReceives);
    for (const rank of plan.silent) {
      if (rank === plan.rank) continue;
      this.#add(rank, 'gather', NO_NODE, plan.floats, { rank, what: 'parts', floats: 0 });
    }
  }

  get isEmpty(): boolean {
    return this.#missing.size === 0;
  }

  /** Crosses off a frame of so many numbers. False if none such is awaited. */
  take(rank: number, stage: string, node: TreeNode, offset: number, floats: number): boolean {
    const key = keyOf(rank, stage, node, offset);
    return this.#missing.get(key)?.floats === floats && this.#missing.delete(key);
  }

  /** Of what is missing, what is sent first, and the ranks that are to send it. */
  get first(): Awaited {
    const missing = [...this.#missing.values()];
    const what =
      AWAITED_ORDER.find((one) => missing.some((frame) => frame.what === one)) ?? 'parts';
    const ranks = missing.filter((frame) => frame.what === what).map(({ rank }) => rank);
    return { what, ranks: [...new Set(ranks)].sort((a, b) => a - b) };
  }

  #addSubtrees(what: Awaited['what'], transfers: readonly SubtreeTransfer[]): void {
    for (const { peer: rank, node, frames } of transfers) {
      for (const { begin, end } of frames) {
        this.#add(rank, 'reduce', node, begin, { rank, what, floats: end - begin });
      }
    }
  }

  #addSegments(what: Awaited['what'], transfers: readonly SegmentTransfer[]): void {
    for (const { peer: rank, frames } of transfers) {
      for (const { begin, end } of frames) {
        this.#add(rank, 'gather', NO_NODE, begin, { rank, what, floats: end - begin });
      }
    }
  }

  #add(rank: number, stage: Stage, node: TreeNode, offset: number, missing: Missing): void {
    this.#missing.set(keyOf(rank, stage, node, offset), missing);
  }
}

function keyOf(rank: number, stage: string, node: TreeNode, offset: number): string {
  return `${rank} ${stage} ${nodeKey(node)} ${offset}`;
}
