/** Chooses among timed formulations: the default, unless another one is clearly faster. Pure. */
import type { Formulations } from '../../engine/formulations.ts';

/** Quartiles, in milliseconds. */
export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

/** Formulations and their time. */
export interface TimedFormulations {
  readonly formulations: Formulations;
  /** Time of one round: the gradients of one micro-batch of each shape class. */
  readonly milliseconds: Quartiles;
}

/** A smaller gain is not worth different bits, and looks like noise. */
const CLEAR_GAIN = 0.05;

/** The quartiles of some samples. */
export function quartilesOf(samples: readonly number[]): Quartiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** True if the median is faster by at least a twentieth and the quartiles do not overlap. */
export function isClearlyFaster(
  { milliseconds: candidate }: TimedFormulations,
  { milliseconds: reference }: TimedFormulations,
): boolean {
  return (
    candidate.median <= (1 - CLEAR_GAIN) * reference.median && candidate.upper < reference.lower
  );
}

/** The fastest choice that is clearly faster than the first one, otherwise the first. */
export function chooseFormulations([first, ...others]: readonly TimedFormulations[]): Formulations {
  const better = others.filter((other) => isClearlyFaster(other, first!));
  const fastest = better.reduce<TimedFormulations>(
    (best, other) => (other.milliseconds.median < best.milliseconds.median ? other : best),
    first!,
  );
  return fastest.formulations;
}

/** All choices together that are each clearly faster than the first; undefined for fewer than two. */
export function combineClearlyFaster([first, ...others]: readonly TimedFormulations[]):
  | Formulations
  | undefined {
  const better = others.filter((other) => isClearlyFaster(other, first!));
  if (better.length < 2) return undefined;
  const base = first!.formulations;
  const differences = better.map(({ formulations }) => differenceOf(formulations, base));
  return Object.assign({}, base, ...differences) as Formulations;
}

function differenceOf(formulations: Formulations, base: Formulations): Partial<Formulations> {
  return Object.fromEntries(
    Object.entries(formulations).filter(
      ([key, value]) => base[key as keyof Formulations] !== value,
    ),
  );
}
