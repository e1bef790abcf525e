/** What a phase computes on: its plan, its objective and its evaluation, from configuration and index. */
import type { PhaseConfig, SubsetConfig } from '../config/phase-section.ts';
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { dataFacts, type PhaseFacts, phaseFacts, type StoreFacts } from '../data/facts.ts';
import { evaluationBatches, type MicroBatchList } from '../data/plan/evaluation-batches.ts';
import { makePlan } from '../data/plan/make-plan.ts';
import type { Plan } from '../data/plan/plan.ts';
import { appearances, type EpochSlots, sampledSlots } from '../data/plan/sampling.ts';
import { type Subset, selectSubset } from '../data/plan/subset.ts';
import type { ScalingKind } from '../data/scaling/scaling.ts';
import { objectiveFor } from '../nn/objective/dropping.ts';
import type { Objective } from '../nn/objective/objective.ts';
import { registry } from '../nn/registry.ts';
import {
  checkBudget,
  checkDraw,
  checkLengths,
  checkLoneRows,
  checkRows,
  checkSampling,
  type Needy,
} from './needs.ts';
import { makeProbe, type Probe, refuseProbe } from './probe.ts';
import { scalingOf } from './scaling.ts';

export interface PhaseData {
  readonly config: PhaseConfig;
  /** The sequences that it trains on. */
  readonly subset: Subset;
  readonly plan: Plan;
  /** What its objective is built from. */
  readonly facts: PhaseFacts;
  readonly objective: Objective;
  readonly needs: Needy;
  /** Micro-batches of the phase's evaluation; absent when it has none. */
  readonly evaluation: MicroBatchList | undefined;
  /** What its evaluations ask of the features; absent when they ask nothing. */
  readonly probe: Probe | undefined;
}

const BUDGET = 'batch.tokensPerMicroBatch';

/** @throws LockstepError DATA_INVALID or CONFIG_INVALID, naming the phase, when it does not fit the data */
function makePhaseData(
  run: RunConfig,
  store: StoreFacts,
  phaseIndex: number,
  scaling: ScalingKind,
): PhaseData {
  const config = run.phases[phaseIndex]!;
  const needs = { ...registry.needs(config.objective), kind: config.objective.kind };
  const batch = config.batch ?? run.batch;
  const key = config.batch === undefined ? BUDGET : `phases.${config.name}.${BUDGET}`;
  const budget = { tokensPerMicroBatch: batch.tokensPerMicroBatch, key };
  const training = namingWhere(`Phase "${config.name}"`, () => {
    const subset = subsetOf(run, store, config.data, needs);
    checkRows(needs, subset, batch);
    checkBudget(subset, { ...budget, cropKey: 'data.crop' });
    checkSampling(needs, config.data.sampling, store.manifest.target);
    const facts = asSampled(phaseFacts(store, subset, scaling), config);
    const objective = registry.makeObjective(config.objective, facts, run.seed);
    const draws = { subset, seed: run.seed, phase: phaseIndex };
    const plan = makePlan({ ...draws, batch, slots: slotsOf(config, { store, ...draws }) });
    checkLoneRows(needs, plan);
    return { subset, facts, objective, plan };
  });
  const evaluationData = config.evaluation?.data;
  const evaluation = namingWhere(`The evaluation of phase "${config.name}"`, () => {
    if (evaluationData === undefined) return undefined;
    const subset = subsetOf(run, store, evaluationData, needs);
    checkBudget(subset, { ...budget, cropKey: 'evaluation.data.crop' });
    const batches = evaluationBatches(subset, batch);
    checkLoneRows(needs, batches);
    return batches;
  });
  const probe = namingWhere(`The probe of phase "${config.name}"`, () => {
    if (needs.labels && config.evaluation?.probe !== undefined) throw refuseProbe(needs.kind);
    const check = (subset: Subset, cropKey: string) => checkBudget(subset, { ...budget, cropKey });
    return makeProbe(config, { store, seed: run.seed, limits: batch, check });
  });
  return { config, needs, ...training, evaluation, probe };
}

/** What the objective is told of the classes is how often they appear, so balanced weights add no second balance. */
function asSampled(facts: PhaseFacts, { data }: PhaseConfig): PhaseFacts {
  return { ...facts, classCounts: appearances(facts.classCounts, data.sampling) };
}

interface Drawn {
  readonly subset: Subset;
  readonly store: StoreFacts;
  readonly seed: number;
  readonly phase: number;
}

/** Undefined for the plan's own: each sequence once. */
function slotsOf(
  { data: { sampling } }: PhaseConfig,
  { subset, store: { index, manifest }, ...draws }: Drawn,
): EpochSlots | undefined {
  if (sampling === 'natural') return undefined;
  const classes = manifest.classes.length;
  return sampledSlots({ subset, labels: index.labels, classes, sampling, ...draws });
}

/** What goes wrong in `make` says where it was. */
export function namingWhere<T>(where: string, make: () => T): T {
  try {
    return make();
  } catch (thrown) {
    if (!(thrown instanceof LockstepError)) throw thrown;
    const { code, message, advice } = thrown;
    throw new LockstepError(code, `${where}: ${message}`, advice, { cause: thrown });
  }
}

export function makeAllPhaseData(run: RunConfig, store: StoreFacts): PhaseData[] {
  const scaling = scalingOf(run, store);
  const phases = run.phases.map((_, phaseIndex) => makePhaseData(run, store, phaseIndex, scaling));
  const model = registry.makeModel(run.model, dataFacts(store, scaling));
  return phases.map((phase) => ({
    ...phase,
    objective: objectiveFor(model, phase.objective, run.seed),
  }));
}

function subsetOf(
  { seed }: RunConfig,
  { index, manifest }: StoreFacts,
  config: SubsetConfig,
  needs: Needy,
): Subset {
  const { classes, target } = manifest;
  checkDraw(config.labelsPerClass, target);
  const labelled = needs.labels ?? false;
  const subset = selectSubset({ index, classes, subset: config, seed, labelled });
  checkLengths(needs, subset);
  return subset;
}
