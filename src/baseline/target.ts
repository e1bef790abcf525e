/** What baselines answer, and how good answers are, by the kind of target. */
import { UNLABELLED } from '../data/format/store.ts';
import { type DataTarget, standardise } from '../data/format/target.ts';

/** A class, classes ascending, numbers, or the class of each timestep: of what is true or of what is answered. */
export type Values = ArrayLike<number>;

export type TargetKind = Exclude<DataTarget['kind'], 'none'>;

export interface Target {
  readonly kind: TargetKind;
  /** Number of classes, or of numbers. */
  readonly size: number;
  /** What models are compared by, in the words of reports; more is better, 1 is perfect. */
  readonly merit: string;
  /** What merit follows from: it adds up over sequences. */
  sums(answer: Values, truth: Values): number[];
  meritOf(sums: ArrayLike<number>): number;
}

export function targetOf(target: DataTarget, classes: number): Target {
  switch (target.kind) {
    case 'class':
    case 'timestep-class':
      return {
        kind: target.kind,
        size: classes,
        merit: target.kind === 'class' ? 'accuracy' : 'accuracy of timesteps',
        sums: hits,
        meritOf: (sums) => sums[0]! / sums[1]!,
      };
    case 'classes':
      return { kind: 'classes', size: classes, merit: 'micro F1', sums: overlap, meritOf: f1Of };
    case 'numbers': {
      const { numbers } = target;
      const scaled = (values: Values) => numbers.map((facts, i) => standardise(values[i]!, facts));
      return {
        kind: 'numbers',
        size: numbers.length,
        merit: 'R²',
        sums: (answer, truth) => squares(scaled(answer), scaled(truth)),
        meritOf: r2Of,
      };
    }
    case 'none':
      throw new Error('without a target no answer is good or bad');
  }
}

/** Right answers, and all. */
function hits(answer: Values, truth: Values): number[] {
  let [right, all] = [0, 0];
  for (let i = 0; i < truth.length; i++) {
    if (truth[i] === UNLABELLED) continue;
    all++;
    if (answer[i] === truth[i]) right++;
  }
  return [right, all];
}

/** Classes in both, in the answer, in the truth. */
function overlap(answer: Values, truth: Values): number[] {
  const actual = new Set(Array.from(truth));
  const right = Array.from(answer).filter((label) => actual.has(label)).length;
  return [right, answer.length, truth.length];
}

function f1Of(sums: ArrayLike<number>): number {
  const [right, answered, actual] = [sums[0]!, sums[1]!, sums[2]!];
  return answered + actual === 0 ? 0 : (2 * right) / (answered + actual);
}

/** Squared errors, 1 for the sequence, then each number and its square. */
function squares(answer: readonly number[], truth: readonly number[]): number[] {
  const errors = truth.reduce((sum, value, i) => sum + (value - answer[i]!) ** 2, 0);
  return [errors, 1, ...truth.flatMap((value) => [value, value * value])];
}

function r2Of(sums: ArrayLike<number>): number {
  const [errors, count] = [sums[0]!, sums[1]!];
  let variation = 0;
  for (let i = 2; i < sums.length; i += 2) variation += sums[i + 1]! - sums[i]! ** 2 / count;
  return variation <= 1e-12 * count ? Number(errors === 0) : 1 - errors / variation;
}

/** The sums of each group's sequences: `[groups]` of `[sums]`. */
export function sumsByGroup(
  sums: readonly (readonly number[])[],
  groupOf: ArrayLike<number>,
  groups: number,
): Float64Array[] {
  const byGroup = Array.from({ length: groups }, () => new Float64Array(sums[0]!.length));
  for (const [i, of] of sums.entries()) {
    for (const [j, value] of of.entries()) byGroup[groupOf[i]!]![j]! += value;
  }
  return byGroup;
}

/** Sums over all parts, each taken so many times; once when `times` is absent. */
export function total(parts: readonly Float64Array[], times?: ArrayLike<number>): Float64Array {
  const sums = new Float64Array(parts[0]!.length);
  for (let part = 0; part < parts.length; part++) {
    const factor = times === undefined ? 1 : times[part]!;
    if (factor === 0) continue;
    for (let j = 0; j < sums.length; j++) sums[j]! += factor * parts[part]![j]!;
  }
  return sums;
}
