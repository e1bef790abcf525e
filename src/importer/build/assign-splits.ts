/**
 * Gives every group one split, so that each class meets the shares as well as whole groups can. Greedy: it
 * places large groups first, then moves single groups while that helps. The result depends on the groups and
 * the seed, not on the order of the groups.
 */
import { LockstepError } from '../../core/errors.ts';
import { sha256Bytes, wordAt } from '../../core/hash.ts';
import { blockIntegers } from '../../core/random.ts';
import { filled, selected } from '../../core/typed-arrays.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import { sortByKeys } from '../../data/format/radix-sort.ts';
import { SPLITS, type Split } from '../../data/format/store.ts';
import type { Groups } from './groups.ts';

/** Share of the sequences that each split should get. */
export type SplitShares = Readonly<Record<Split, number>>;

/** Most passes over all groups in search of a better place. A pass that moves nothing is the last. */
const IMPROVEMENT_PASSES = 8;
/** Different random numbers. */
const RANKS = 2 ** 32;

/**
 * The number of each group's split.
 * @param shares sum to 1; a split with share 0 gets only groups that the source puts there
 */
export function assignSplits(groups: Groups, shares: SplitShares, seed: number): Uint8Array {
  const order = largestFirst(groups, seed);
  const balance = new Balance(
    groups,
    order,
    SPLITS.map((split) => shares[split]),
  );
  const given = selected(order, (group) => groups.given[group]! >= 0);
  for (const group of given) balance.put(group, groups.given[group]!);
  deal(
    selected(order, (group) => groups.given[group]! < 0),
    balance,
  );
  return balance.places;
}

/** One of several folds of equal shares. */
export interface Fold {
  /** Number of folds. */
  readonly folds: number;
  /** Which of them is the test split, from 1; the next one is for validation, the others for training. */
  readonly fold: number;
}

/**
 * The number of each group's split by k-fold. The folds do not depend on which of them is for testing. Groups keep
 * the split that the source gives them.
 * @throws LockstepError USAGE if the source gives all of them one
 */
export function assignFold(groups: Groups, { folds, fold }: Fold, seed: number): Uint8Array {
  const free = selected(largestFirst(groups, seed), (group) => groups.given[group]! < 0);
  if (free.length === 0) {
    throw new LockstepError(
      'USAGE',
      'There is nothing to deal out in folds: the source gives each sequence a split.',
      'Leave --folds out, or the splits of the source.',
    );
  }
  if (free.length < folds) {
    throw new LockstepError(
      'USAGE',
      `Cannot deal out ${free.length} ${free.length === 1 ? 'group' : 'groups'} in ${folds} folds: a fold would be empty.`,
      'Ask for fewer folds, or make smaller groups.',
    );
  }
  const balance = new Balance(groups, free, Array<number>(folds).fill(1 / folds));
  deal(free, balance);
  const splitOfFold = Uint8Array.from({ length: folds }, (_, number) => {
    if (number === fold - 1) return SPLITS.indexOf('test');
    return SPLITS.indexOf(number === fold % folds ? 'validation' : 'train');
  });
  return balance.places.map((place, group) =>
    groups.given[group]! < 0 ? splitOfFold[place]! : groups.given[group]!,
  );
}

function deal(groups: Uint32Array, balance: Balance): void {
  for (const group of groups) balance.put(group, balance.bestFor(group));
  improve(groups, balance);
}

/** A uniform random number that follows from the name and the seed. */
export function randomRank(name: string, seed: number): number {
  const digest = sha256Bytes(name);
  const words = blockIntegers(seed, 'split', wordAt(digest, 0), wordAt(digest, 4));
  return words(0, RANKS) / RANKS;
}

/** By size rounded to a power of two, then at random, so that another seed gives other splits. */
function largestFirst(groups: Groups, seed: number): Uint32Array {
  const { length, begins, counts } = groups;
  const keys = filled(new Float64Array(length), (group) => {
    let total = 0;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) total += counts[entry]!;
    return Math.clz32(total) * RANKS + randomRank(groups.nameOf(group), seed) * RANKS;
  });
  const byName = (a: number, b: number) => compareUtf8(groups.nameOf(a), groups.nameOf(b));
  return sortByKeys(
    filled(new Uint32Array(length), (group) => group),
    keys,
    byName,
  );
}

/** Moves single groups to a better split, in a fixed order. */
function improve(groups: Uint32Array, balance: Balance): void {
  for (let pass = 0; pass < IMPROVEMENT_PASSES; pass++) {
    let moved = false;
    for (const group of groups) {
      const before = balance.places[group]!;
      balance.take(group);
      const better = balance.bestFor(group, before);
      balance.put(group, better);
      moved ||= better !== before;
    }
    if (!moved) return;
  }
}

/** How far each split or fold is from its target, class by class: Σ (count − target)² / target (Pearson's χ²). */
class Balance {
  /** The split or fold of each group. */
  readonly places: Uint8Array;
  readonly #groups: Groups;
  readonly #targets: readonly Float64Array[];
  readonly #counts: readonly Float64Array[];

  /** @param members groups that are put somewhere */
  constructor(groups: Groups, members: Uint32Array, shares: readonly number[]) {
    this.#groups = groups;
    this.places = new Uint8Array(groups.length);
    const totals = new Float64Array(groups.classes);
    for (const group of members) {
      for (let entry = groups.begins[group]!; entry < groups.begins[group + 1]!; entry++) {
        totals[groups.classOf[entry]!]! += groups.counts[entry]!;
      }
    }
    this.#targets = shares.map((share) => totals.map((total) => total * share));
    this.#counts = shares.map(() => new Float64Array(groups.classes));
  }

  put(group: number, place: number): void {
    this.places[group] = place;
    this.#add(group, place, 1);
  }

  take(group: number): void {
    this.#add(group, this.places[group]!, -1);
  }

  #add(group: number, place: number, sign: 1 | -1): void {
    const { begins, classOf, counts } = this.#groups;
    const there = this.#counts[place]!;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) {
      there[classOf[entry]!]! += sign * counts[entry]!;
    }
  }

  /** The place whose χ² grows least (or falls most) with the group; `preferred` wins a tie. */
  bestFor(group: number, preferred = 0): number {
    let best = preferred;
    let least = this.#growth(group, preferred);
    for (let place = 0; place < this.#targets.length; place++) {
      const growth = this.#growth(group, place);
      if (growth < least - 1e-9) {
        best = place;
        least = growth;
      }
    }
    return best;
  }

  /** χ² with the group in a place minus χ² without it. */
  #growth(group: number, place: number): number {
    const { begins, classOf, counts } = this.#groups;
    const [targets, there] = [this.#targets[place]!, this.#counts[place]!];
    let growth = 0;
    for (let entry = begins[group]!; entry < begins[group + 1]!; entry++) {
      const [label, count] = [classOf[entry]!, counts[entry]!];
      const gap = there[label]! - targets[label]!;
      growth += (count * (count + 2 * gap)) / targets[label]!;
    }
    return growth;
  }
}
