/** A phase's evaluation, shared out and summed like a training step, without gradients. */

import { reduceInput } from '../../collective/exchange-round.ts';
import { type Measured, measure } from '../../nn/objective/objective.ts';
import { evaluationShare } from '../../run/load-order.ts';
import { canonicalTree } from './canonical-tree.ts';
import type { StepInput } from './observed-step.ts';
import { probeFeatures } from './probe-features.ts';

export type EvaluationInput = Omit<StepInput, 'faults'>;

/**
 * The objective's metrics over the evaluation's subset, and what a probe tells: equal on every rank.
 * @throws MembershipChanged
 */
export async function evaluatePhase(input: EvaluationInput, phase: number): Promise<Measured> {
  const { run, worldRank, session, loader, comm, globalStep } = input;
  const { objective, program } = run.phases[phase]!;
  const { share, microBatches } = evaluationShare(run, worldRank, phase);
  const tree = canonicalTree(microBatches);
  for (let microBatch = share.begin; microBatch < share.end; microBatch++) {
    const batch = await loader.next({ kind: 'evaluation', phase, microBatch });
    tree.push(microBatch, session.evaluate(batch));
  }
  const shape = { step: globalStep, microBatches, length: program.leaf.sums.length };
  const total = await comm.allReduce(reduceInput(tree, shape));
  const sums = program.leaf.sums.map((name, index) => [name, total[index]!] as const);
  const measured = measure(objective, Object.fromEntries(sums));
  const probed = await probeFeatures(input, phase);
  return {
    metrics: { ...measured.metrics, ...probed?.metrics },
    ...((measured.baselines ?? probed) && {
      baselines: { ...measured.baselines, ...probed?.baselines },
    }),
  };
}
