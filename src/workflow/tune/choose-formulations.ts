/** Which of several timed formulations a run uses: the default, unless another one is clearly faster. Pure. */
import type { Formulations } from '../../engine/formulations.ts';

/** Milliseconds. */
export interface Quartiles {
  readonly lower: number;
  readonly median: number;
  readonly upper: number;
}

export interface TimedFormulations {
  readonly formulations: Formulations;
  /** Of a round: the gradients of one micro-batch of each kind. */
  readonly milliseconds: Quartiles;
}

/** Less is not worth other bits, nor told from noise. */
const CLEAR_GAIN = 0.05;

export function quartilesOf(samples: readonly number[]): Quartiles {
  const sorted = samples.toSorted((a, b) => a - b);
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]!;
  return { lower: at(0.25), median: at(0.5), upper: at(0.75) };
}

/** By at least a twentieth on the median, and with quartiles that do not overlap. */
export function isClearlyFaster(
  { milliseconds: candidate }: TimedFormulations,
  { milliseconds: reference }: TimedFormulations,
): boolean {
  return (
    candidate.median <= (1 - CLEAR_GAIN) * reference.median && candidate.upper < reference.lower
  );
}

/** The fastest of those that are clearly faster than the first, or the first. */
export function chooseFormulations([first, ...others]: readonly TimedFormulations[]): Formulations {
  const better = others.filter((other) => isClearlyFaster(other, first!));
  const fastest = better.reduce<TimedFormulations>(
    (best, other) => (other.milliseconds.median < best.milliseconds.median ? other : best),
    first!,
  );
  return fastest.formulations;
}

/** Every choice at once that is clearly better than the first by itself; undefined for fewer than two. */
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
