/** Which of two evaluations is better. */
import type { PhaseConfig } from '../config/phase-section.ts';

/** The metric that a phase is judged by. */
export interface Headline {
  readonly metric: string;
  readonly better: 'higher' | 'lower';
}

/** What the features are good for says more of a pretext than its own loss. */
export const PROBE_HEADLINE = { metric: 'probe', better: 'higher' } as const;

/** The metric that `evaluation.by` asks for. */
export function judgeOf({ evaluation }: Pick<PhaseConfig, 'evaluation'>, own: Headline): Headline {
  return evaluation?.by === 'loss' ? { metric: 'loss', better: 'lower' } : own;
}

/**
 * Whether `value` is better than `old` by more than `improvement`. Numbers that are not finite are all equal and worse
 * than any other, as a checkpoint keeps null for them.
 */
export function isBetterValue(
  { better }: Pick<Headline, 'better'>,
  value: number,
  old: number | null,
  improvement = 0,
): boolean {
  if (old === null || !Number.isFinite(old) || !Number.isFinite(value)) {
    return Number.isFinite(value) && (old === null || !Number.isFinite(old));
  }
  return better === 'higher' ? value > old + improvement : value < old - improvement;
}
