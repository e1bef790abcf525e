/** Every micro-batch that a rank will want, in the order in which its trainer wants them. */
import type { Range } from '../core/canonical-sum.ts';
import { shareOf } from '../core/canonical-sum.ts';
import type { RunDefinition } from './definition.ts';
import type { LoadRequest } from './loader/load-request.ts';

export interface Place {
  readonly rank: number;
  readonly worldSize: number;
}

/** This rank's micro-batches of a step. */
export function trainingShare(
  { phases }: Pick<RunDefinition, 'phases'>,
  { rank, worldSize }: Place,
  at: { phase: number; stepInPhase: number },
): { share: Range; microBatches: number } {
  const microBatches = phases[at.phase]!.plan.stepAt(at.stepInPhase).microBatches.length;
  return { share: shareOf(rank, worldSize, microBatches), microBatches };
}

/** This rank's micro-batches of a phase's evaluation. */
export function evaluationShare(
  { phases }: Pick<RunDefinition, 'phases'>,
  { rank, worldSize }: Place,
  phase: number,
): { share: Range; microBatches: number } {
  const microBatches = phases[phase]!.evaluation?.length ?? 0;
  return { share: shareOf(rank, worldSize, microBatches), microBatches };
}

/**
 * @param fromStep the first global step that will run
 * @param evaluateFirst whether the evaluation due after the step before it comes first
 */
export function* loadOrder(
  run: Pick<RunDefinition, 'phases' | 'schedule'>,
  place: Place,
  fromStep: number,
  evaluateFirst = false,
): Generator<LoadRequest, void> {
  if (evaluateFirst) yield* evaluationOrder(run, place, run.schedule.at(fromStep - 1).phaseIndex);
  for (let step = fromStep; step < run.schedule.totalSteps; step++) {
    const { phaseIndex: phase, stepInPhase } = run.schedule.at(step);
    const training = trainingShare(run, place, { phase, stepInPhase }).share;
    for (let microBatch = training.begin; microBatch < training.end; microBatch++) {
      yield { kind: 'training', phase, stepInPhase, microBatch };
    }
    if (run.schedule.after(step).evaluate) yield* evaluationOrder(run, place, phase);
  }
}

function* evaluationOrder(
  run: Pick<RunDefinition, 'phases'>,
  place: Place,
  phase: number,
): Generator<LoadRequest, void> {
  const { begin, end } = evaluationShare(run, place, phase).share;
  for (let microBatch = begin; microBatch < end; microBatch++) {
    yield { kind: 'evaluation', phase, microBatch };
  }
}
