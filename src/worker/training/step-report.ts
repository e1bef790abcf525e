/** What a worker tells of a step that is done. */
import { measure } from '../../nn/objective/objective.ts';
import type { RunDefinition } from '../../run/definition.ts';
import { SKIPPED } from '../../telemetry/skipped-step.ts';
import type { StepResult } from './observed-step.ts';

/** For people: metrics, learning rate, this rank's times. */
export function stepReport(
  run: RunDefinition,
  step: number,
  { tokens, positions, timings, sums, spoilt }: StepResult,
): Record<string, unknown> {
  const { learningRate, stepInPhase, phaseIndex } = run.schedule.at(step);
  const { config, objective } = run.phases[phaseIndex]!;
  return {
    phase: config.name,
    stepInPhase,
    learningRate,
    ...measure(objective, sums),
    tokens,
    positions,
    timings,
    ...(run.schedule.after(step).phaseEnds && { phaseEnds: true }),
    ...(spoilt.length > 0 && { nonFinite: spoilt }),
  };
}

/** What all ranks must have alike: reduced values that are finite, and whether the step was skipped. */
export function sumsToCompare({ sums, isSkipped }: StepResult): Record<string, number> {
  const finite = Object.entries(sums).filter(([, value]) => Number.isFinite(value));
  return { ...Object.fromEntries(finite), ...(isSkipped && { [SKIPPED]: 1 }) };
}
