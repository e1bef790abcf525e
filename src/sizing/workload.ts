/** A run's steps as the model sees them: from the run's own plan. */
import type { RunDefinition } from '../run/definition.ts';
import type { MicroBatchShape } from './cluster.ts';
import type { Workload } from './forecast.ts';

/** Steps that are looked at, from the first one of the phase; they may go beyond its last one. */
const STEPS = 64;

/** Micro-batches that each phase of a run computes, about. */
export function microBatchesOf({ phases, schedule }: RunDefinition): number[] {
  return schedule.phases.map(
    ({ steps }, phase) => steps * phases[phase]!.plan.stepAt(0).microBatches.length,
  );
}

/** Number of the phase that computes most. */
export function longestPhase(run: RunDefinition): number {
  const microBatches = microBatchesOf(run);
  return microBatches.indexOf(Math.max(...microBatches));
}

export function workloadOf(run: RunDefinition, phase: number): Workload {
  const { program, plan } = run.phases[phase]!;
  return {
    floats: program.leaf.size,
    steps: Array.from({ length: STEPS }, (_, step) =>
      plan.stepAt(step).microBatches.map(
        ({ rows, paddedLength }): MicroBatchShape => ({
          rows: rows.length,
          paddedLength,
          tokens: rows.reduce((sum, { count }) => sum + count, 0),
        }),
      ),
    ),
  };
}

/** The same run with so many times its micro-batches a step, whose order in an epoch does not depend on M. */
export function withLargerSteps({ steps, floats }: Workload, times: number): Workload {
  const larger = Array.from({ length: Math.floor(steps.length / times) }, (_, at) =>
    steps.slice(at * times, (at + 1) * times).flat(),
  );
  return { floats, steps: larger };
}
