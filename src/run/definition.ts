/** Everything that follows from a run's configuration and its data: equal on every worker. */
import { isDeepStrictEqual } from 'node:util';
import type { RunConfig } from '../config/run-config.ts';
import { type DataFacts, dataFacts, type StoreFacts } from '../data/facts.ts';
import type { Scaling } from '../data/scaling/scaling.ts';
import type { TrainingData } from '../data/training-data.ts';
import type { Program, StateLayout } from '../engine/engine.ts';
import type { Model, ParameterDescription } from '../nn/model/model.ts';
import type { Task } from '../nn/objective/objective.ts';
import { embeddingProgram, makeProgram } from '../nn/program.ts';
import { registry } from '../nn/registry.ts';
import { trainedParameters } from '../nn/trained-parameters.ts';
import { checkModel, checkTimesteps } from './needs.ts';
import { makeAllPhaseData, namingWhere, type PhaseData } from './phase.ts';
import { scalingOf } from './scaling.ts';
import { makeSchedule, type Schedule, schedulePhase } from './schedule.ts';

/** What follows from a run's configuration and the facts of its data alone. */
export interface NetworkDefinition {
  readonly config: RunConfig;
  readonly model: Model;
  /** The model's and those of all heads, in the order of the layout. */
  readonly parameters: readonly ParameterDescription[];
  /** The same in all phases: heads that a phase does not use stay as they are. */
  readonly layout: StateLayout;
  /** How its numbers are scaled. */
  readonly scaling: Scaling;
  /** One a phase. Phases that compute the same share one, so a worker prepares its graph once. */
  readonly programs: readonly Program[];
  /** What each phase's program predicts, if it predicts anything. */
  readonly tasks: readonly (Task | undefined)[];
}

export interface RunDefinition extends Omit<NetworkDefinition, 'programs'> {
  readonly store: StoreFacts;
  readonly phases: readonly RunPhase[];
  readonly schedule: Schedule;
}

export interface RunPhase extends PhaseData {
  readonly program: Program;
}

/** @throws LockstepError CONFIG_INVALID or DATA_INVALID when configuration and data don't fit */
export function defineRun(config: RunConfig, store: StoreFacts): RunDefinition {
  const phaseData = makeAllPhaseData(config, store);
  const facts = dataFacts(store, scalingOf(config, store));
  const model = registry.makeModel(config.model, facts);
  for (const phase of phaseData) checkPhase(phase, config, model, facts);
  const { programs, ...network } = networkOf(config, model, facts, phaseData);
  const phases = phaseData.map((phase, index) => {
    const program = programs[index]!;
    return { ...phase, program: phase.probe ? embeddingProgram(model, program) : program };
  });
  const scheduled = phases.map(({ config: phase, plan }) =>
    schedulePhase(phase, plan.stepsPerEpoch),
  );
  return { ...network, store, phases, schedule: makeSchedule(scheduled, config.checkpoint) };
}

/** The network of a trained run, without its dataset. */
export function defineNetwork(config: RunConfig, data: TrainingData): NetworkDefinition {
  const facts = dataFacts(data, scalingOf(config, data));
  const phases = config.phases.map((phase, index) => {
    const known = {
      ...facts,
      classCounts: data.classCounts[index]!,
      labelledSequences: data.labelledSequences[index]!,
    };
    const objective = registry.makeObjective(phase.objective, known, config.seed);
    return { config: phase, facts: known, objective };
  });
  return networkOf(config, registry.makeModel(config.model, facts), facts, phases);
}

/** What `defineNetwork` needs of a run's data. */
export function trainingDataOf({ store, phases }: RunDefinition): TrainingData {
  return {
    manifest: store.manifest,
    classCounts: phases.map(({ facts }) => facts.classCounts),
    labelledSequences: phases.map(({ facts }) => facts.labelledSequences),
  };
}

/** Numbers of all sequences that a phase of the run trains on, ascending. */
export function trainingSequences({ store, phases }: RunDefinition): Int32Array {
  const isUsed = new Uint8Array(store.index.lengths.length);
  for (const { subset } of phases) for (const sequence of subset.sequences) isUsed[sequence] = 1;
  const used = new Int32Array(isUsed.reduce((sum, one) => sum + one, 0));
  let count = 0;
  for (const [sequence, one] of isUsed.entries()) if (one === 1) used[count++] = sequence;
  return used;
}

type ComputingPhase = Pick<PhaseData, 'config' | 'facts' | 'objective'>;

function networkOf(
  config: RunConfig,
  model: Model,
  facts: DataFacts,
  phases: readonly ComputingPhase[],
): NetworkDefinition {
  const parameters = trainedParameters(
    model,
    phases.map(({ config: { name }, objective }) => ({ name, objective })),
  );
  const programs: Program[] = [];
  for (const phase of phases) {
    // The phase itself, where none before it computes the same.
    const first = phases.findIndex((other) => computeTheSame(other, phase));
    programs.push(programs[first] ?? programOf(phase, { model, parameters, facts }));
  }
  const { scaling } = facts;
  const tasks = phases.map(({ objective: { predict, task = 'class' } }) =>
    predict === undefined ? undefined : task,
  );
  return { config, model, scaling, parameters, layout: programs[0]!.state, programs, tasks };
}

interface Network {
  readonly model: Model;
  readonly parameters: readonly ParameterDescription[];
  readonly facts: DataFacts;
}

function programOf(
  { config, objective }: ComputingPhase,
  { model, parameters, facts }: Network,
): Program {
  const update = registry.makeUpdateRule(config.optimizer);
  const { groups } = config.optimizer;
  return namingWhere(`Phase "${config.name}"`, () =>
    makeProgram({ model, objective, update, facts, parameters, groups }),
  );
}

/** Whether two phases of a run differ at most in their sequences, their start and their duration. */
function computeTheSame(a: ComputingPhase, b: ComputingPhase): boolean {
  const parts = ({ config: { objective, optimizer }, facts }: ComputingPhase) => [
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
    checkTimesteps(objective, model);
    model.checkFeeds?.(feeds);
  });
}
