/** What a phase computes on: its plan, its objective and its evaluation, from configuration and index. */
import type { PhaseConfig, SubsetConfig } from '../config/phase-section.ts';
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { type PhaseFacts, phaseFacts, type StoreFacts } from '../data/facts.ts';
import { evaluationBatches, type MicroBatchList } from '../data/plan/evaluation-batches.ts';
import { makePlan } from '../data/plan/make-plan.ts';
import type { Plan } from '../data/plan/plan.ts';
import { type Subset, selectSubset } from '../data/plan/subset.ts';
import type { Objective } from '../nn/objective/objective.ts';
import { registry } from '../nn/registry.ts';
import { checkBudget, checkLengths, checkRows, type Needy } from './needs.ts';

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
}

const BUDGET = 'batch.tokensPerMicroBatch';

/** @throws LockstepError DATA_INVALID or CONFIG_INVALID, naming the phase, when it does not fit the data */
function makePhaseData(run: RunConfig, store: StoreFacts, phaseIndex: number): PhaseData {
  const config = run.phases[phaseIndex]!;
  const needs = { ...registry.needs(config.objective), kind: config.objective.kind };
  const batch = config.batch ?? run.batch;
  const key = config.batch === undefined ? BUDGET : `phases.${config.name}.${BUDGET}`;
  const budget = { tokensPerMicroBatch: batch.tokensPerMicroBatch, key };
  const { subset, facts, objective } = namingWhere(`Phase "${config.name}"`, () => {
    const subset = subsetOf(run, store, config.data, needs);
    checkRows(needs, subset, batch);
    checkBudget(subset, { ...budget, cropKey: 'data.crop' });
    const facts = phaseFacts(store, subset);
    const objective = registry.makeObjective(config.objective, facts, run.seed);
    return { subset, facts, objective };
  });
  const evaluationData = config.evaluation?.data;
  const evaluationSubset = namingWhere(`The evaluation of phase "${config.name}"`, () => {
    if (evaluationData === undefined) return undefined;
    const subset = subsetOf(run, store, evaluationData, needs);
    checkBudget(subset, { ...budget, cropKey: 'evaluation.data.crop' });
    return subset;
  });
  return {
    config,
    subset,
    plan: makePlan({ subset, batch, seed: run.seed, phase: phaseIndex }),
    facts,
    objective,
    needs,
    evaluation: evaluationSubset && evaluationBatches(evaluationSubset, batch),
  };
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
  return run.phases.map((_, phaseIndex) => makePhaseData(run, store, phaseIndex));
}

function subsetOf(
  { seed }: RunConfig,
  { index, manifest }: StoreFacts,
  config: SubsetConfig,
  needs: Needy,
): Subset {
  const { classes } = manifest;
  const labelled = needs.labels ?? false;
  const subset = selectSubset({ index, classes, subset: config, seed, labelled });
  checkLengths(needs, subset);
  return subset;
}
