/** When a phase ends before its duration is over. */
import type { Stopped, Waiting } from '../checkpoint/progress.ts';
import type { StopConfig } from '../config/phase-section.ts';
import { type Headline, isBetterValue } from './judge.ts';

/** The evaluation after `stepInPhase` steps of the phase. */
export interface Judged {
  readonly headline: Headline;
  readonly value: number;
  readonly stepInPhase: number;
}

/** How long a phase has waited once an evaluation is done. The first evaluation is the best. */
export function waitingAfter(
  { patience, minimumSteps, improvement }: StopConfig,
  before: Waiting | undefined,
  { headline, value, stepInPhase }: Judged,
): Waiting {
  if (before === undefined || isBetterValue(headline, value, before.metric.value, improvement)) {
    const metric = { name: headline.metric, value };
    return { metric, stepInPhase, evaluations: 0, isOver: false };
  }
  const evaluations = before.evaluations + 1;
  const isOver = evaluations >= patience && stepInPhase >= minimumSteps;
  return { ...before, evaluations, isOver };
}

/**
 * How a phase has stopped; undefined for one that has used all its steps.
 * @param steps how long it was to last
 */
export function stoppedAt(
  waiting: Waiting | undefined,
  { everySteps, steps }: { readonly everySteps: number; readonly steps: number },
): Stopped | undefined {
  if (waiting?.isOver !== true) return undefined;
  const { metric: best, stepInPhase: bestStepInPhase, evaluations } = waiting;
  const stepInPhase = bestStepInPhase + evaluations * everySteps;
  return stepInPhase < steps ? { stepInPhase, steps, best, bestStepInPhase } : undefined;
}
