/**
 * Gives every group one split, so that each class meets the shares as well as whole groups can. Greedy: it
 * places large groups first, then moves single groups while that helps. The result depends on the groups and
 * the seed, not on the order of the groups.
 */
import { createHash } from 'node:crypto';
import { randomStream } from '../../core/random.ts';
import { compareUtf8 } from '../format/byte-order.ts';
import { SPLITS, type Split } from '../format/store.ts';

/** Share of the sequences that each split should get. */
export type SplitShares = Readonly<Record<Split, number>>;

/** What a group holds. */
export interface GroupCounts {
  readonly name: string;
  /** `[classes + 1]`: sequences of each class; the last entry counts unlabelled ones. */
  readonly perClass: readonly number[];
  /** The split that the source gives this group, if it gives one. */
  readonly given?: Split | undefined;
}

/** Most passes over all groups in search of a better place. A pass that moves nothing is the last. */
const IMPROVEMENT_PASSES = 8;

interface Placed extends GroupCounts {
  readonly total: number;
  readonly rank: number;
  /** Index into SPLITS. */
  split: number;
}

/**
 * The split of each group, by the group's name.
 * @param shares sum to 1; a split with share 0 gets only groups that the source puts there
 */
export function assignSplits(
  groups: readonly GroupCounts[],
  shares: SplitShares,
  seed: number,
): Map<string, Split> {
  const placed = groups.map((group) => placeable(group, seed)).sort(largestFirst);
  const balance = new Balance(placed, shares);
  for (const group of placed.filter(({ given }) => given !== undefined)) {
    balance.put(group, SPLITS.indexOf(group.given!));
  }
  const free = placed.filter(({ given }) => given === undefined);
  for (const group of free) balance.put(group, balance.bestFor(group));
  improve(free, balance);
  return new Map(placed.map(({ name, split }) => [name, SPLITS[split]!]));
}

function placeable(group: GroupCounts, seed: number): Placed {
  const total = group.perClass.reduce((sum, count) => sum + count, 0);
  return { ...group, total, rank: randomRank(group.name, seed), split: -1 };
}

/** A uniform random number that follows from the name and the seed. */
export function randomRank(name: string, seed: number): number {
  const digest = createHash('sha256').update(name).digest();
  return randomStream(seed, 'split', digest.readUInt32LE(0), digest.readUInt32LE(4)).uniform(0);
}

/** By size rounded to a power of two, then at random, so that another seed gives other splits. */
function largestFirst(a: Placed, b: Placed): number {
  const bySize = Math.clz32(a.total) - Math.clz32(b.total);
  return bySize || a.rank - b.rank || compareUtf8(a.name, b.name);
}

/** Moves single groups to a better split, in a fixed order. */
function improve(groups: readonly Placed[], balance: Balance): void {
  for (let pass = 0; pass < IMPROVEMENT_PASSES; pass++) {
    let moved = false;
    for (const group of groups) {
      const before = group.split;
      balance.take(group);
      const better = balance.bestFor(group, before);
      balance.put(group, better);
      moved ||= better !== before;
    }
    if (!moved) return;
  }
}

/** How far each split is from its target, class by class: Σ (count − target)² / target (Pearson's χ²). */
class Balance {
  readonly #targets: readonly (readonly number[])[];
  readonly #counts: number[][];

  constructor(groups: readonly Placed[], shares: SplitShares) {
    const classes = groups[0]?.perClass.length ?? 0;
    const totals = Array.from({ length: classes }, (_, label) =>
      groups.reduce((sum, { perClass }) => sum + perClass[label]!, 0),
    );
    this.#targets = SPLITS.map((split) => totals.map((total) => total * shares[split]));
    this.#counts = SPLITS.map(() => Array<number>(classes).fill(0));
  }

  put(group: Placed, split: number): void {
    group.split = split;
    this.#add(group, split, 1);
  }

  take(group: Placed): void {
    this.#add(group, group.split, -1);
  }

  #add({ perClass }: Placed, split: number, sign: 1 | -1): void {
    const counts = this.#counts[split]!;
    perClass.forEach((count, label) => {
      counts[label]! += sign * count;
    });
  }

  /** The split whose χ² grows least (or falls most) with the group; `preferred` wins a tie. */
  bestFor(group: Placed, preferred = 0): number {
    let best = preferred;
    let least = this.#growth(group, preferred);
    SPLITS.forEach((_, split) => {
      const growth = this.#growth(group, split);
      if (growth < least - 1e-9) {
        best = split;
        least = growth;
      }
    });
    return best;
  }

  /** χ² with the group in `split` minus χ² without it. */
  #growth({ perClass }: Placed, split: number): number {
    const targets = this.#targets[split]!;
    const counts = this.#counts[split]!;
    let growth = 0;
    perClass.forEach((count, label) => {
      if (count === 0) return;
      const gap = counts[label]! - targets[label]!;
      growth += (count * (count + 2 * gap)) / targets[label]!;
    });
    return growth;
  }
}
