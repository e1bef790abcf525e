/**
 * One global step on one worker: gradients of the loss *sum* of its micro-batches, added in the canonical
 * tree, summed over all workers, divided by the global weight, applied. Every rank ends with the same bits. A sum
 * that is not finite ends the run, or leaves everything as it was.
 */

import { reduceInput } from '../../collective/exchange-round.ts';
import { nodeKey, SubtreeStack, wholeSubtrees } from '../../core/canonical-sum.ts';
import { firstNonFinite } from '../../core/first-non-finite.ts';
import type { LeafLayout, Session } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { trainingShare, type WorldRank } from '../../run/load-order.ts';
import type { Loader } from '../../run/loader/loader.ts';
import type { SpoiltMicroBatch } from '../../telemetry/skipped-step.ts';
import type { Comm } from '../comm.ts';
import { findNonFinite, nonFiniteLeaf, nonFiniteSum } from './non-finite.ts';
import { flips, inject, poisons, type SimulatedFault, withFlippedBit } from './simulated-fault.ts';
import { Stopwatch } from './stopwatch.ts';

export interface TrainStepInput {
  readonly run: RunDefinition;
  readonly worldRank: WorldRank;
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
  /** The sum is not finite, so nothing was applied. */
  readonly isSkipped: boolean;
  /** Micro-batches of this rank that are not finite; the first ones of many. */
  readonly spoilt: readonly SpoiltMicroBatch[];
  readonly timings: { dataMs: number; computeMs: number; exchangeMs: number; applyMs: number };
}

/** So many micro-batches of one step are looked into. */
const MOST_SPOILT = 16;

/** @throws LockstepError NON_FINITE where the run is to stop */
export async function trainStep(input: TrainStepInput): Promise<StepResult> {
  const { run, worldRank, session, loader, comm, globalStep, faults = [] } = input;
  const { phaseIndex: phase, stepInPhase, learningRate } = run.schedule.at(globalStep);
  const { program, config } = run.phases[phase]!;
  const { share, microBatches } = trainingShare(run, worldRank, { phase, stepInPhase });
  const shape = { step: globalStep, microBatches, length: program.leaf.size };
  const whole = new Set(wholeSubtrees(share, microBatches).map(nodeKey));
  const watch = new Stopwatch(['dataMs', 'computeMs', 'exchangeMs', 'applyMs']);
  const tree = new SubtreeStack<Float32Array>(microBatches, (a, b) => session.merge(a, b));
  let tokens = 0;
  let positions = 0;
  const at = { program, globalStep };
  const stops = run.config.nonFinite.action === 'stop';
  const spoilt: SpoiltMicroBatch[] = [];

  await watch.time('computeMs', () => inject(faults, globalStep));
  if (flips(faults, globalStep)) session.load(withFlippedBit(session.read()));
  for (let microBatch = share.begin; microBatch < share.end; microBatch++) {
    const batch = await watch.time('dataMs', () =>
      loader.next({ kind: 'training', phase, stepInPhase, microBatch }),
    );
    const leaf = watch.timeSync('computeMs', () => session.gradients(batch));
    if (poisons(faults, globalStep)) leaf[0] = Number.NaN;
    if (spoilt.length < MOST_SPOILT) {
      const found = findNonFinite(leaf, {
        ...at,
        session,
        batch,
        rank: worldRank.rank,
        microBatch,
      });
      if (found !== null && stops) throw nonFiniteLeaf(found);
      if (found !== null) spoilt.push(found);
    }
    tree.push(microBatch, leaf);
    comm.checkMembership();
    const { node, sum } = tree.subtrees().at(-1)!;
    // The last one goes with the all-reduce itself.
    const isOffered = whole.has(nodeKey(node)) && microBatch + 1 < share.end;
    if (isOffered) comm.offer(shape, { ...node, vector: sum });
    tokens += batch.lengths.reduce((sum, length) => sum + length, 0);
    positions += batch.rows * batch.paddedLength;
  }
  const total = await watch.time('exchangeMs', () => comm.allReduce(reduceInput(tree, shape)));
  const position = watch.timeSync('applyMs', () => firstNonFinite(total));
  const isSkipped = position >= 0;
  if (isSkipped && stops) throw nonFiniteSum(total, position, at);
  if (!isSkipped) {
    const { statisticsMomentum } = config;
    const update = { total, learningRate, step: stepInPhase + 1, statisticsMomentum };
    watch.timeSync('applyMs', () => session.apply(update));
  }
  const sums = namedSums(total, program.leaf);
  return { sums, isSkipped, spoilt, tokens, positions, timings: watch.milliseconds };
}

function namedSums(total: Float32Array, { sums, sumOffset }: LeafLayout): Record<string, number> {
  return Object.fromEntries(sums.map((name, index) => [name, total[sumOffset + index]!]));
}
