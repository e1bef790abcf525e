/** A phase's evaluation, shared out and summed like a training step, without gradients. */

import { reduceInput } from '../../collective/exchange-round.ts';
import { addCanonical, SubtreeStack } from '../../core/canonical-sum.ts';
import { type Measured, measure } from '../../nn/objective/objective.ts';
import { evaluationShare } from '../../run/load-order.ts';
import type { StepInput } from './observed-step.ts';

export type EvaluationInput = Omit<StepInput, 'faults'>;

/**
 * The objective's metrics over the evaluation's subset: equal on every rank.
 * @throws MembershipChanged
 */
export async function evaluatePhase(
  { run, worldRank, session, loader, comm, globalStep }: EvaluationInput,
  phase: number,
): Promise<Measured> {
  const { objective, program } = run.phases[phase]!;
  const { share, microBatches } = evaluationShare(run, worldRank, phase);
  const tree = new SubtreeStack<Float32Array>(microBatches, (a, b) => {
    const sum = new Float32Array(a.length);
    addCanonical(sum, a, b);
    return sum;
  });
  for (let microBatch = share.begin; microBatch < share.end; microBatch++) {
    const batch = await loader.next({ kind: 'evaluation', phase, microBatch });
    tree.push(microBatch, session.evaluate(batch));
  }
  const shape = { step: globalStep, microBatches, length: program.leaf.sums.length };
  const total = await comm.allReduce(reduceInput(tree, shape));
  const sums = program.leaf.sums.map((name, index) => [name, total[index]!] as const);
  return measure(objective, Object.fromEntries(sums));
}
