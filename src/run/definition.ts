/** Everything that follows from a run's configuration and its data: equal on every worker. */
import type { RunConfig } from '../config/run-config.ts';
import { type DataFacts, dataFacts, type StoreFacts } from '../data/facts.ts';
import type { Program, StateLayout } from '../engine/engine.ts';
import type { Model, ParameterDescription } from '../nn/model/model.ts';
import { makeProgram } from '../nn/program.ts';
import { registry } from '../nn/registry.ts';
import { trainedParameters } from '../nn/trained-parameters.ts';
import { checkModel } from './needs.ts';
import { makeAllPhaseData, namingWhere, type PhaseData } from './phase.ts';
import { makeSchedule, type Schedule, schedulePhase } from './schedule.ts';

export interface RunDefinition {
  readonly config: RunConfig;
  readonly store: StoreFacts;
  readonly model: Model;
  /** The model's and those of all heads, in the order of the layout. */
  readonly parameters: readonly ParameterDescription[];
  /** The same in all phases: heads that a phase does not use stay as they are. */
  readonly layout: StateLayout;
  readonly phases: readonly (PhaseData & { readonly program: Program })[];
  readonly schedule: Schedule;
}

/** @throws LockstepError CONFIG_INVALID or DATA_INVALID when configuration and data don't fit */
export function defineRun(config: RunConfig, store: StoreFacts): RunDefinition {
  const phaseData = makeAllPhaseData(config, store);
  const facts = dataFacts(store);
  const model = registry.makeModel(config.model, facts);
  for (const phase of phaseData) checkPhase(phase, config, model, facts);
  const parameters = trainedParameters(
    model,
    phaseData.map(({ config: { name }, objective }) => ({ name, objective })),
  );
  const phases = phaseData.map((phase) => {
    const { objective } = phase;
    const update = registry.makeUpdateRule(phase.config.optimizer);
    const { symbols } = facts;
    return { ...phase, program: makeProgram({ model, objective, update, symbols, parameters }) };
  });
  const scheduled = phases.map(({ config: phase, plan }) =>
    schedulePhase(phase, plan.stepsPerEpoch),
  );
  return {
    config,
    store,
    model,
    parameters,
    layout: phases[0]!.program.state,
    phases,
    schedule: makeSchedule(scheduled, config.checkpoint),
  };
}

/** Whether the model is one for the phase's objective. */
function checkPhase(
  { config, needs, objective }: PhaseData,
  run: RunConfig,
  model: Model,
  facts: DataFacts,
): void {
  const feeds = new Set(['values', ...objective.feeds.map(({ name }) => name)]);
  namingWhere(`Phase "${config.name}"`, () => {
    checkModel(needs, model, run.model.family, () => registry.causalFamilies(facts));
    model.checkFeeds?.(feeds);
  });
}
