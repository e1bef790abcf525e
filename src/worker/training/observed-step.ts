/** A training step with what a run wants beside the maths: simulated faults, finite numbers only, measurements. */
import type { LeafLayout, Session } from '../../engine/engine.ts';
import type { RunDefinition } from '../../run/definition.ts';
import type { WorldRank } from '../../run/load-order.ts';
import type { Loader } from '../../run/loader/loader.ts';
import type { SpoiltMicroBatch } from '../../telemetry/skipped-step.ts';
import type { Comm } from '../comm.ts';
import { FiniteGuard } from './finite-guard.ts';
import { inject, type SimulatedFault, withFaults } from './simulated-fault.ts';
import { StepMeter } from './step-meter.ts';
import { trainStep } from './train-step.ts';

export interface StepInput {
  readonly run: RunDefinition;
  readonly worldRank: WorldRank;
  readonly session: Session;
  readonly loader: Loader;
  readonly comm: Comm;
  readonly globalStep: number;
  /** Faults ordered for this process. */
  readonly faults: readonly SimulatedFault[];
}

export interface StepResult {
  /** The objective's sums over the whole global step: equal on every rank. */
  readonly sums: Readonly<Record<string, number>>;
  /** Valid and padded positions that this rank computed. */
  readonly tokens: number;
  readonly positions: number;
  /** The total is not finite, so nothing was applied. */
  readonly isSkipped: boolean;
  /** Micro-batches of this rank that are not finite; the first ones of many. */
  readonly spoilt: readonly SpoiltMicroBatch[];
  readonly timings: { dataMs: number; computeMs: number; exchangeMs: number; applyMs: number };
}

/** @throws MembershipChanged, or LockstepError NON_FINITE where the run is to stop */
export async function observedStep(input: StepInput): Promise<StepResult> {
  const { run, worldRank, session, loader, comm, globalStep, faults } = input;
  const { program } = run.phases[run.schedule.at(globalStep).phaseIndex]!;
  const faulty = { session: withFaults(session, faults, globalStep), loader, comm };
  const stops = run.config.nonFinite.action === 'stop';
  const { rank } = worldRank;
  const guard = new FiniteGuard(faulty, { program, session, rank, globalStep, stops });
  const meter = new StepMeter(guard.parts);
  await meter.watch.time('computeMs', () => inject(faults, globalStep, session));
  const total = await trainStep(run, worldRank, globalStep, meter.parts);
  return {
    sums: namedSums(total, program.leaf),
    ...{ isSkipped: guard.isSkipped, spoilt: guard.spoilt },
    ...{ tokens: meter.tokens, positions: meter.positions, timings: meter.watch.milliseconds },
  };
}

function namedSums(total: Float32Array, { sums, sumOffset }: LeafLayout): Record<string, number> {
  return Object.fromEntries(sums.map((name, index) => [name, total[sumOffset + index]!]));
}
