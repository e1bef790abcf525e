/** Everything that follows from a run's configuration and its data: equal on every worker. */
import { isDeepStrictEqual } from 'node:util';
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
  /** Phases that compute the same share one program, so a worker prepares its graph once. */
  readonly phases: readonly RunPhase[];
  readonly schedule: Schedule;
}

export interface RunPhase extends PhaseData {
  readonly program: Program;
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
  const phases: RunPhase[] = [];
  for (const phase of phaseData) {
    const twin = phases.find((other) => computeTheSame(other, phase));
    const program = twin?.program ?? programOf(phase, { model, parameters, facts });
    phases.push({ ...phase, program });
  }
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

interface Network {
  readonly model: Model;
  readonly parameters: readonly ParameterDescription[];
  readonly facts: DataFacts;
}

function programOf(
  { config, objective }: PhaseData,
  { model, parameters, facts }: Network,
): Program {
  const update = registry.makeUpdateRule(config.optimizer);
  return makeProgram({ model, objective, update, symbols: facts.symbols, parameters });
}

/** Whether two phases of a run differ at most in their sequences, their start and their duration. */
function computeTheSame(a: PhaseData, b: PhaseData): boolean {
  const parts = ({ config: { objective, optimizer }, facts }: PhaseData) => [
    objective,
    optimizer,
    facts,
  ];
  return isDeepStrictEqual(parts(a), parts(b));
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
