/** Every micro-batch that a rank will want, in the order in which its trainer wants them. */
import type { Range } from '../core/canonical-sum.ts';
import { shareOf } from '../core/canonical-sum.ts';
import type { RunDefinition } from './definition.ts';
import type { LoadRequest } from './loader/load-request.ts';

/** Which of how many workers. */
export interface WorldRank {
  readonly rank: number;
  readonly worldSize: number;
}

/** This rank's micro-batches of a step. */
export function trainingShare(
  { phases }: Pick<RunDefinition, 'phases'>,
  { rank, worldSize }: WorldRank,
  at: { phase: number; stepInPhase: number },
): { share: Range; microBatches: number } {
  const microBatches = phases[at.phase]!.plan.stepAt(at.stepInPhase).microBatches.length;
  return { share: shareOf(rank, worldSize, microBatches), microBatches };
}

/** This rank's micro-batches of a phase's evaluation. */
export function evaluationShare(
  { phases }: Pick<RunDefinition, 'phases'>,
  { rank, worldSize }: WorldRank,
  phase: number,
): { share: Range; microBatches: number } {
  const microBatches = phases[phase]!.evaluation?.length ?? 0;
  return { share: shareOf(rank, worldSize, microBatches), microBatches };
}

/** This rank's micro-batches of the probe in a phase's evaluation. */
export function probeShare(
  { phases }: Pick<RunDefinition, 'phases'>,
  { rank, worldSize }: WorldRank,
  phase: number,
): { share: Range; microBatches: number } {
  const microBatches = phases[phase]!.probe?.microBatches.length ?? 0;
  return { share: shareOf(rank, worldSize, microBatches), microBatches };
}

/**
 * @param fromStep the first global step that will run
 * @param evaluateFirst whether the evaluation due after the step before it comes first
 */
export function* loadOrder(
  run: Pick<RunDefinition, 'phases' | 'schedule'>,
  worldRank: WorldRank,
  fromStep: number,
  evaluateFirst = false,
): Generator<LoadRequest, void> {
  if (evaluateFirst)
    yield* evaluationOrder(run, worldRank, run.schedule.at(fromStep - 1).phaseIndex);
  for (let step = fromStep; step < run.schedule.totalSteps; step++) {
    const { phaseIndex: phase, stepInPhase } = run.schedule.at(step);
    const training = trainingShare(run, worldRank, { phase, stepInPhase }).share;
    for (let microBatch = training.begin; microBatch < training.end; microBatch++) {
      yield { kind: 'training', phase, stepInPhase, microBatch };
    }
    if (run.schedule.after(step).evaluate) yield* evaluationOrder(run, worldRank, phase);
  }
}

function* evaluationOrder(
  run: Pick<RunDefinition, 'phases'>,
  worldRank: WorldRank,
  phase: number,
): Generator<LoadRequest, void> {
  const { begin, end } = evaluationShare(run, worldRank, phase).share;
  for (let microBatch = begin; microBatch < end; microBatch++) {
    yield { kind: 'evaluation', phase, microBatch };
  }
  const probe = probeShare(run, worldRank, phase).share;
  for (let microBatch = probe.begin; microBatch < probe.end; microBatch++) {
    yield { kind: 'probe', phase, microBatch };
  }
}
