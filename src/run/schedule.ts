/** What happens at each global step of a run: a pure function of the configuration, with random access. */
import type { LearningRateConfig, PhaseConfig } from '../config/phase-section.ts';
import { LockstepError } from '../core/errors.ts';
import { learningRateAt } from '../nn/optimizer/learning-rate.ts';

/** A phase whose duration is known in steps. */
export interface ScheduledPhase {
  readonly name: string;
  readonly steps: number;
  readonly learningRate: LearningRateConfig;
  /** An evaluation each so many steps of the phase and at its end; none when absent. */
  readonly evaluateEverySteps?: number;
}

export interface SchedulePoint {
  readonly phaseIndex: number;
  /** From 0. */
  readonly stepInPhase: number;
  readonly learningRate: number;
}

/** What is due once a step is done, in this order: evaluate, end the phase, save. */
export interface AfterStep {
  readonly evaluate: boolean;
  readonly phaseEnds: boolean;
  /** Each `everySteps` global steps, and always at a phase's end. */
  readonly save: boolean;
}

export interface Schedule {
  readonly phases: readonly ScheduledPhase[];
  readonly totalSteps: number;
  /** First global step of each phase. */
  readonly firstSteps: readonly number[];
  /** @throws RangeError outside [0, totalSteps). */
  at(globalStep: number): SchedulePoint;
  /** What is due after this step; the step is counted from 0 as in `at`. */
  after(globalStep: number): AfterStep;
}

/** The phase as the schedule sees it, given how many steps an epoch of its plan has. */
export function schedulePhase(phase: PhaseConfig, stepsPerEpoch: number): ScheduledPhase {
  const { name, learningRate, evaluation } = phase;
  const steps = resolveSteps(phase, stepsPerEpoch);
  if (evaluation === undefined) return { name, steps, learningRate };
  return { name, steps, learningRate, evaluateEverySteps: evaluation.everySteps };
}

/** How many steps a phase lasts. */
export function resolveSteps(phase: Pick<PhaseConfig, 'duration'>, stepsPerEpoch: number): number {
  const { duration } = phase;
  return 'steps' in duration ? duration.steps : duration.epochs * stepsPerEpoch;
}

/**
 * The schedule of phases one after another.
 * @throws LockstepError CONFIG_INVALID when a warm-up is longer than its phase.
 */
export function makeSchedule(
  phases: readonly ScheduledPhase[],
  checkpoint: { readonly everySteps: number },
): Schedule {
  for (const phase of phases) checkWarmup(phase);
  const firstSteps: number[] = [];
  let totalSteps = 0;
  for (const phase of phases) {
    firstSteps.push(totalSteps);
    totalSteps += phase.steps;
  }
  const locate = (globalStep: number) => {
    if (!Number.isInteger(globalStep) || globalStep < 0 || globalStep >= totalSteps) {
      throw new RangeError(`Step ${globalStep} is not in a run of ${totalSteps} steps.`);
    }
    const phaseIndex = firstSteps.findLastIndex((first) => first <= globalStep);
    const stepInPhase = globalStep - firstSteps[phaseIndex]!;
    return { phaseIndex, stepInPhase, phase: phases[phaseIndex]! };
  };
  return {
    phases,
    totalSteps,
    firstSteps,
    at(globalStep) {
      const { phaseIndex, stepInPhase, phase } = locate(globalStep);
      const learningRate = learningRateAt(phase.learningRate, stepInPhase, phase.steps);
      return { phaseIndex, stepInPhase, learningRate };
    },
    after(globalStep) {
      const { stepInPhase, phase } = locate(globalStep);
      const doneInPhase = stepInPhase + 1;
      const phaseEnds = doneInPhase === phase.steps;
      const every = phase.evaluateEverySteps;
      return {
        evaluate: every !== undefined && (phaseEnds || doneInPhase % every === 0),
        phaseEnds,
        save: phaseEnds || (globalStep + 1) % checkpoint.everySteps === 0,
      };
    },
  };
}

function checkWarmup({ name, steps, learningRate }: ScheduledPhase): void {
  if (learningRate.kind !== 'warmup-cosine' || learningRate.warmupSteps <= steps) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Phase "${name}" warms up over ${learningRate.warmupSteps} steps but lasts ${steps}.`,
    `Set its learningRate.warmupSteps to ${steps} or less, or let it last longer.`,
  );
}
