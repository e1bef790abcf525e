/**
 * One global step on one worker: gradients of the loss *sum* of its micro-batches, added in the canonical
 * tree, summed over all workers, divided by the global weight, applied. Every rank ends with the same bits.
 */
import { SubtreeStack } from '../collective/canonical-sum.ts';
import type { Loader } from '../data/loader/loader.ts';
import type { LeafLayout, Session } from '../engine/engine.ts';
import type { Comm } from './comm.ts';
import { type Place, trainingShare } from './load-order.ts';
import { refuseNonFinite } from './non-finite.ts';
import { reduceInput } from './reduce-input.ts';
import type { RunDefinition } from './run-definition.ts';
import { poisons, type SimulatedFault, strike } from './simulated-fault.ts';
import { Stopwatch } from './stopwatch.ts';

export interface TrainStepInput {
  readonly run: RunDefinition;
  readonly place: Place;
  readonly session: Session;
  readonly loader: Loader;
  readonly comm: Comm;
  readonly globalStep: number;
  /** Faults ordered for this process. */
  readonly faults?: readonly SimulatedFault[];
}

export interface StepResult {
  /** The objective's sums over the whole global step: equal on every rank. */
  readonly sums: Readonly<Record<string, number>>;
  /** Valid and padded positions that this rank computed. */
  readonly tokens: number;
  readonly positions: number;
  readonly timings: { dataMs: number; computeMs: number; exchangeMs: number; applyMs: number };
}

export async function trainStep(input: TrainStepInput): Promise<StepResult> {
  const { run, place, session, loader, comm, globalStep, faults = [] } = input;
  const { phaseIndex: phase, stepInPhase, learningRate } = run.schedule.at(globalStep);
  const { program, config } = run.phases[phase]!;
  const { share, microBatches } = trainingShare(run, place, { phase, stepInPhase });
  const watch = new Stopwatch(['dataMs', 'computeMs', 'exchangeMs', 'applyMs']);
  const tree = new SubtreeStack<Float32Array>(microBatches, (a, b) => session.merge(a, b));
  let tokens = 0;
  let positions = 0;

  await watch.time('computeMs', () => strike(faults, globalStep));
  for (let microBatch = share.begin; microBatch < share.end; microBatch++) {
    const batch = await watch.time('dataMs', () =>
      loader.next({ kind: 'training', phase, stepInPhase, microBatch }),
    );
    const leaf = watch.timeSync('computeMs', () => session.gradients(batch));
    if (poisons(faults, globalStep)) leaf[0] = Number.NaN;
    refuseNonFinite(leaf, { program, session, batch, globalStep, microBatch });
    tree.push(microBatch, leaf);
    comm.checkMembership();
    tokens += batch.lengths.reduce((sum, length) => sum + length, 0);
    positions += batch.rows * batch.paddedLength;
  }
  const shape = { step: globalStep, microBatches, length: program.leaf.size };
  const total = await watch.time('exchangeMs', () => comm.allReduce(reduceInput(tree, shape)));
  watch.timeSync('applyMs', () =>
    session.apply({
      total,
      learningRate,
      step: stepInPhase + 1,
      statisticsMomentum: config.statisticsMomentum,
    }),
  );
  return { sums: namedSums(total, program.leaf), tokens, positions, timings: watch.milliseconds };
}

function namedSums(total: Float32Array, { sums, sumOffset }: LeafLayout): Record<string, number> {
  return Object.fromEntries(sums.map((name, index) => [name, total[sumOffset + index]!]));
}
