/** How often each class appears in an epoch, and by which of its sequences. Pure in (seed, phase, epoch). */
import { permutation } from '../../core/permutation.ts';
import { randomStream } from '../../core/random.ts';
import type { Labels } from '../format/store.ts';
import type { Lengths } from './lengths.ts';
import type { Subset } from './subset.ts';

/** `natural`: each sequence once. `balanced`: each class equally often. `sqrt`: as the root of its count. */
export type Sampling = 'natural' | 'balanced' | 'sqrt';

/** The rows of an epoch. Each epoch has the same slots; a slot may hold another sequence in each. */
export interface EpochSlots {
  /** Longest row that a slot can hold in any epoch, in timesteps, ascending. */
  readonly longest: Lengths;
  /** Position in the subset of the sequence that a slot holds in an epoch. */
  at(epoch: number, slot: number): number;
  /** Whether an epoch may hold a sequence twice: each copy then has a window of its own. */
  readonly hasCopies: boolean;
}

/** One slot for each sequence of the subset. */
export function naturalSlots({ effectiveLengths }: Subset): EpochSlots {
  return { longest: effectiveLengths, at: (_, slot) => slot, hasCopies: false };
}

/**
 * How often each class appears in an epoch of as many rows as there are sequences. Shares that are not whole are
 * rounded by the largest remainder.
 * @param counts sequences of each class; a class without any never appears
 */
export function appearances(counts: readonly number[], sampling: Sampling): number[] {
  if (sampling === 'natural') return [...counts];
  const weights = counts.map((count) =>
    sampling === 'sqrt' ? Math.sqrt(count) : Math.sign(count),
  );
  const rows = sum(counts);
  const shares = weights.map((weight) => (rows * weight) / sum(weights));
  // A share that is whole but for rounding counts as whole.
  const whole = shares.map((share) => Math.floor(share + 1e-9));
  const byRemainder = shares
    .map((share, label) => ({ label, remainder: share - whole[label]! }))
    .filter(({ label }) => counts[label]! > 0)
    .sort((a, b) => b.remainder - a.remainder || a.label - b.label);
  for (const { label } of byRemainder.slice(0, rows - sum(whole))) whole[label]!++;
  return whole;
}

/** What the slots of a sampling follow from. */
export interface SamplingRequest {
  readonly subset: Subset;
  /** Class of each sequence of the store; all of the subset have one. */
  readonly labels: Labels;
  readonly classes: number;
  readonly sampling: Exclude<Sampling, 'natural'>;
  /** Seed of the run. */
  readonly seed: number;
  /** Number of the phase in the run. */
  readonly phase: number;
}

/**
 * The slots of a phase that balances its classes.
 *
 * A class's sequences, sorted by length, are spread evenly over its slots. With fewer slots than sequences, each slot
 * has a range of neighbours of which it holds another one in each epoch, until all have appeared. With more, every
 * sequence appears in every epoch; which of them appear once more changes. So an epoch has the lengths of its class,
 * and the slots' longest rows bound the micro-batches once for all epochs.
 */
export function sampledSlots(request: SamplingRequest): EpochSlots {
  const { subset } = request;
  const members = membersOf(request);
  const counts = members.map(({ length }) => length);
  const slots = appearances(counts, request.sampling).flatMap((count, label) =>
    Array.from({ length: count }, (_, place) => slotOf(members[label]!, place, count)),
  );
  const longestOf = ({ of, end }: Slot) => subset.effectiveLengths.at(of[end - 1]!)!;
  slots.sort((a, b) => longestOf(a) - longestOf(b));
  return {
    longest: Int32Array.from(slots, longestOf),
    at: (epoch, slot) => positionIn(slots[slot]!, epoch, slot, request),
    hasCopies: true,
  };
}

/** One row of every epoch: a class's positions `[begin, end)`, of which it holds one. */
interface Slot {
  /** Positions in the subset of the class's sequences, ascending. */
  readonly of: Int32Array;
  readonly begin: number;
  readonly end: number;
  /** The slot's place among the class's slots, and their number. */
  readonly place: number;
  readonly count: number;
}

function slotOf(of: Int32Array, place: number, count: number): Slot {
  const begin = Math.floor((place * of.length) / count);
  const beyond = (place + 1) * of.length;
  // With copies, the range that the shift of any epoch reaches.
  const end = count > of.length ? Math.floor((beyond - 1) / count) + 1 : Math.floor(beyond / count);
  return { of, begin, end, place, count };
}

/** Phases share no draws: 2¹² phases and 2²⁰ rounds through a range fit one key. */
const ROUND_KEYS = 2 ** 20;

function positionIn(
  { of, begin, end, place, count }: Slot,
  epoch: number,
  slot: number,
  { seed, phase }: SamplingRequest,
): number {
  const size = end - begin;
  if (size === 1) return of[begin]!;
  if (count > of.length) {
    const shift = randomStream(seed, 'class-copies', phase).integer(epoch, of.length);
    return of[Math.floor((place * of.length + shift) / count)]!;
  }
  const round = phase * ROUND_KEYS + Math.floor(epoch / size);
  return of[begin + permutation(size, seed, 'class-draw', round, slot).at(epoch % size)]!;
}

function membersOf({ subset, labels, classes }: SamplingRequest): Int32Array[] {
  const labelAt = (position: number) => labels[subset.sequences[position]!]!;
  const positions = Int32Array.from(subset.sequences.keys());
  return Array.from({ length: classes }, (_, label) =>
    positions.filter((position) => labelAt(position) === label),
  );
}

const sum = (numbers: readonly number[]): number => numbers.reduce((a, b) => a + b, 0);
