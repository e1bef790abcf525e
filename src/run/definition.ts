/** Everything that follows from a run's configuration and its data: equal on every worker. */
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { type StoreFacts, symbolsOf } from '../data/facts.ts';
import type { Program, StateLayout } from '../engine/engine.ts';
import type { Model } from '../nn/model/model.ts';
import { makeModel } from '../nn/model/registry.ts';
import { pretextOutputsOf } from '../nn/objective/registry.ts';
import { makeProgram } from '../nn/program.ts';
import { makeAllPhaseData, type PhaseData } from './phase.ts';
import { makeSchedule, type Schedule, schedulePhase } from './schedule.ts';

export interface RunDefinition {
  readonly config: RunConfig;
  readonly store: StoreFacts;
  readonly model: Model;
  /** The same in all phases: heads that a phase does not use stay as they are. */
  readonly layout: StateLayout;
  readonly phases: readonly (PhaseData & { readonly program: Program })[];
  readonly schedule: Schedule;
}

/** @throws LockstepError CONFIG_INVALID or DATA_INVALID when configuration and data don't fit */
export function defineRun(config: RunConfig, store: StoreFacts): RunDefinition {
  const phaseData = makeAllPhaseData(config, store);
  const model = makeModel(config.model, {
    classes: store.manifest.classes.length,
    symbols: symbolsOf(store),
    pretextOutputs: sharedPretextOutputs(config, symbolsOf(store)),
  });
  for (const phase of phaseData) {
    refuseFuture(config, model, phase);
    refuseVisibleMask(config, store, phase);
  }
  const phases = phaseData.map((phase) => ({
    ...phase,
    program: makeProgram(model, phase.objective, phase.config.optimizer),
  }));
  const scheduled = phases.map(({ config: phase, plan }) =>
    schedulePhase(phase, plan.stepsPerEpoch),
  );
  return {
    config,
    store,
    model,
    layout: phases[0]!.program.state,
    phases,
    schedule: makeSchedule(scheduled, config.checkpoint),
  };
}

function refuseFuture(
  config: RunConfig,
  model: Model,
  { config: phase, objective }: PhaseData,
): void {
  if (!objective.needsCausalModel || model.isCausal) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Phase "${phase.name}" predicts the next step, but model.family "${config.model.family}" sees the future: through its convolutions, and through BatchNorm's statistics while training.`,
    'Set model.family to "causal".',
  );
}

/** On one channel a hidden step must hold a value that no visible one can have. */
function refuseVisibleMask(
  { model }: RunConfig,
  { manifest }: StoreFacts,
  { config: phase }: PhaseData,
): void {
  const { minimum, maximum } = manifest.valueRange;
  const isVisible = model.maskValue >= minimum && model.maskValue <= maximum;
  if (model.family !== 'reference' || phase.objective.kind !== 'masked' || !isVisible) return;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Phase "${phase.name}" hides steps by model.maskValue ${model.maskValue}, which is within the range of the data (${minimum}…${maximum}): they would look like visible ones.`,
    `Set model.maskValue outside the range, such as ${Math.floor(minimum) - 1}.`,
  );
}

/** All phases share one pretext head, so they must agree on its outputs. */
function sharedPretextOutputs(config: RunConfig, symbols: number): number {
  const outputs = config.phases.map((phase) => pretextOutputsOf(phase.objective, symbols));
  const distinct = [...new Set(outputs)].filter((count) => count > 0);
  if (distinct.length > 1) {
    throw new LockstepError(
      'CONFIG_INVALID',
      `The phases want pretext heads of ${distinct.join(' and ')} outputs; a run has one.`,
      'Use the same objective.target or objective.dimensions in all phases without labels, or make two runs.',
    );
  }
  return distinct[0] ?? 0;
}
