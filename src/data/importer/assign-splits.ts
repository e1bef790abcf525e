/**
 * Gives every group one split, so that each class meets the shares as well as whole groups can. Greedy: it
 * places large groups first, then moves single groups while that helps. The result depends on the groups and
 * the seed, not on the order of the groups.
 */
import { createHash } from 'node:crypto';
import { randomStream } from '../../core/random.ts';
import { compareUtf8 } from '../format/byte-order.ts';
import { SPLITS, type Split } from '../format/store.ts';
import type { Groups } from './groups.ts';

/** Share of the sequences that each split should get. */
export type SplitShares = Readonly<Record<Split, number>>;

/** Most passes over all groups in search of a better place. A pass that moves nothing is the last. */
const IMPROVEMENT_PASSES = 8;

/**
 * The number of each group's split.
 * @param shares sum to 1; a split with share 0 gets only groups that the source puts there
 */
export function assignSplits(groups: Groups, shares: SplitShares, seed: number): Uint8Array {
  const order = largestFirst(groups, seed);
  const balance = new Balance(groups, shares);
  const given = order.filter((group) => groups.given[group]! >= 0);
  const free = order.filter((group) => groups.given[group]! < 0);
  for (const group of given) balance.put(group, groups.given[group]!);
  for (const group of free) balance.put(group, balance.bestFor(group));
  improve(free, balance);
  return balance.splits;
}

/** A uniform random number that follows from the name and the seed. */
export function randomRank(name: string, seed: number): number {
  const digest = createHash('sha256').update(name).digest();
  return randomStream(seed, 'split', digest.readUInt32LE(0), digest.readUInt32LE(4)).uniform(0);
}

/** By size rounded to a power of two, then at random, so that another seed gives other splits. */
function largestFirst(groups: Groups, seed: number): Uint32Array {
  const { length, begins, counts } = groups;
  const ranks = new Float64Array(length);
  const zeros = new Uint8Array(length);
  for (let group = 0; group < length; group++) {
    let total = 0;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) total += counts[entry]!;
    zeros[group] = Math.clz32(total);
    ranks[group] = randomRank(groups.nameOf(group), seed);
  }
  const byName = (a: number, b: number) => compareUtf8(groups.nameOf(a), groups.nameOf(b));
  return Uint32Array.from({ length }, (_, group) => group).sort(
    (a, b) => zeros[a]! - zeros[b]! || ranks[a]! - ranks[b]! || byName(a, b),
  );
}

/** Moves single groups to a better split, in a fixed order. */
function improve(groups: Uint32Array, balance: Balance): void {
  for (let pass = 0; pass < IMPROVEMENT_PASSES; pass++) {
    let moved = false;
    for (const group of groups) {
      const before = balance.splits[group]!;
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
  /** By group. */
  readonly splits: Uint8Array;
  readonly #groups: Groups;
  readonly #targets: readonly Float64Array[];
  readonly #counts: readonly Float64Array[];

  constructor(groups: Groups, shares: SplitShares) {
    this.#groups = groups;
    this.splits = new Uint8Array(groups.length);
    const totals = new Float64Array(groups.classes);
    groups.classOf.forEach((label, entry) => {
      totals[label]! += groups.counts[entry]!;
    });
    this.#targets = SPLITS.map((split) => totals.map((total) => total * shares[split]));
    this.#counts = SPLITS.map(() => new Float64Array(groups.classes));
  }

  put(group: number, split: number): void {
    this.splits[group] = split;
    this.#add(group, split, 1);
  }

  take(group: number): void {
    this.#add(group, this.splits[group]!, -1);
  }

  #add(group: number, split: number, sign: 1 | -1): void {
    const { begins, classOf, counts } = this.#groups;
    const inSplit = this.#counts[split]!;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) {
      inSplit[classOf[entry]!]! += sign * counts[entry]!;
    }
  }

  /** The split whose χ² grows least (or falls most) with the group; `preferred` wins a tie. */
  bestFor(group: number, preferred = 0): number {
    let best = preferred;
    let least = this.#growth(group, preferred);
    for (let split = 0; split < SPLITS.length; split++) {
      const growth = this.#growth(group, split);
      if (growth < least - 1e-9) {
        best = split;
        least = growth;
      }
    }
    return best;
  }

  /** χ² with the group in `split` minus χ² without it. */
  #growth(group: number, split: number): number {
    const { begins, classOf, counts } = this.#groups;
    const [targets, inSplit] = [this.#targets[split]!, this.#counts[split]!];
    let growth = 0;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) {
      const [label, count] = [classOf[entry]!, counts[entry]!];
      const gap = inSplit[label]! - targets[label]!;
      growth += (count * (count + 2 * gap)) / targets[label]!;
    }
    return growth;
  }
}
