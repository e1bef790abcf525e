/** What a phase computes on: its plan, its objective and its evaluation, from configuration and index. */
import type {
  BatchConfig,
  ObjectiveConfig,
  PhaseConfig,
  SubsetConfig,
} from '../config/phase-section.ts';
import type { RunConfig } from '../config/run-config.ts';
import { LockstepError } from '../core/errors.ts';
import { phaseFacts, type StoreFacts } from '../data/facts.ts';
import { evaluationBatches, type MicroBatchList } from '../data/plan/evaluation-batches.ts';
import { makePlan } from '../data/plan/make-plan.ts';
import type { Plan } from '../data/plan/plan.ts';
import { type Subset, selectSubset } from '../data/plan/subset.ts';
import type { Objective } from '../nn/objective/objective.ts';
import { makeObjective } from '../nn/objective/registry.ts';

export interface PhaseData {
  readonly config: PhaseConfig;
  readonly plan: Plan;
  readonly objective: Objective;
  /** Micro-batches of the phase's evaluation; absent when it has none. */
  readonly evaluation: MicroBatchList | undefined;
}

/** @throws LockstepError DATA_INVALID or CONFIG_INVALID, naming the phase, when it does not fit the data */
export function makePhaseData(run: RunConfig, store: StoreFacts, phaseIndex: number): PhaseData {
  const config = run.phases[phaseIndex]!;
  const { kind } = config.objective;
  const batch = config.batch ?? run.batch;
  const { subset, objective } = namingWhere(`Phase "${config.name}"`, () => {
    const subset = subsetOf(run, store, config.data, kind);
    if (kind === 'contrastive') refuseLoneRows(subset, batch);
    return {
      subset,
      objective: makeObjective(config.objective, phaseFacts(store, subset), run.seed),
    };
  });
  const evaluationData = config.evaluation?.data;
  const evaluationSubset = namingWhere(
    `The evaluation of phase "${config.name}"`,
    () => evaluationData && subsetOf(run, store, evaluationData, kind),
  );
  return {
    config,
    plan: makePlan({ subset, batch, seed: run.seed, phase: phaseIndex }),
    objective,
    evaluation: evaluationSubset && evaluationBatches(evaluationSubset, batch),
  };
}

/** What goes wrong in `make` says where it was. */
function namingWhere<T>(where: string, make: () => T): T {
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
  objective: ObjectiveConfig['kind'],
): Subset {
  const labelled = objective === 'supervised';
  const subset = selectSubset({ index, classes: manifest.classes, subset: config, seed, labelled });
  if (objective === 'next-step') refuseSingleSteps(subset);
  return subset;
}

/** Without a next step anywhere, a phase would run to its end and learn nothing. */
function refuseSingleSteps({ effectiveLengths }: Subset): void {
  if (effectiveLengths.some((length) => length > 1)) return;
  throw new LockstepError(
    'DATA_INVALID',
    'The next step is to be predicted, but only one step of each sequence is seen: none has a next one.',
    'Set data.crop to 2 or more, or leave it out; if the sequences are so short, choose another objective.',
  );
}

/** With one sequence in each micro-batch the right choice is the only one. */
function refuseLoneRows(
  { effectiveLengths }: Subset,
  { maxRows, tokensPerMicroBatch }: BatchConfig,
): void {
  const shortest = effectiveLengths.reduce((least, length) => Math.min(least, length));
  if (maxRows > 1 && 2 * shortest <= tokensPerMicroBatch) return;
  const why =
    maxRows === 1
      ? 'batch.maxRows is 1'
      : `batch.tokensPerMicroBatch ${tokensPerMicroBatch} holds one of the shortest, of ${shortest} steps`;
  throw new LockstepError(
    'CONFIG_INVALID',
    `Contrastive rows choose among the other sequences of their micro-batch, but ${why}.`,
    'Raise batch.tokensPerMicroBatch or batch.maxRows, or set data.crop.',
  );
}
