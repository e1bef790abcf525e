/**
 * One global step on one worker:
 *
 *   leaf_k = gradient of the loss sum of micro-batch k, for every k in this worker's share
 *   total  = Σ leaf_k over all workers, in one fixed order: the same bits on each of them
 *   θ     ← update(θ, total.gradient / total.weight)
 */
import type { Session } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { trainingShare, type WorldRank } from '../../run/load-order.ts';
import type { Loader } from '../../run/loader/loader.ts';
import type { Comm } from '../comm.ts';
import { GlobalSum } from './global-sum.ts';

/** What a step computes with. */
export interface StepParts {
  readonly session: Pick<Session, 'gradients' | 'merge' | 'apply'>;
  readonly loader: Pick<Loader, 'next'>;
  readonly comm: Pick<Comm, 'allReduce' | 'offer' | 'checkMembership'>;
}

/**
 * Does step `globalStep` (from 0) and returns its total, one flat vector laid out as `program.leaf` says.
 * @throws MembershipChanged
 */
export async function trainStep(
  run: RunDefinition,
  worldRank: WorldRank,
  globalStep: number,
  { session, loader, comm }: StepParts,
): Promise<Float32Array> {
  const { phaseIndex: phase, stepInPhase, learningRate } = run.schedule.at(globalStep);
  const { program, config } = run.phases[phase]!;
  const { share, microBatches } = trainingShare(run, worldRank, { phase, stepInPhase });
  const shape = { step: globalStep, microBatches, length: program.leaf.size };
  const sum = new GlobalSum(comm, session, share, shape);

  for (let k = share.begin; k < share.end; k++) {
    const batch = await loader.next({ kind: 'training', phase, stepInPhase, microBatch: k });
    sum.add(k, session.gradients(batch));
  }
  const total = await sum.overAllWorkers();
  const { statisticsMomentum } = config;
  session.apply({ total, learningRate, step: stepInPhase + 1, statisticsMomentum });
  return total;
}
