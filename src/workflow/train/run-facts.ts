/** What a run needs to know of configuration and data together before its processes start. */
import { loadWeights } from '../../checkpoint/restore.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { digestsOf, sequenceValues } from '../../data/sequence-digests.ts';
import { runConcerns } from '../../run/concerns.ts';
import {
  defineRun,
  type RunDefinition,
  trainingDataOf,
  trainingSequences,
} from '../../run/definition.ts';
import type { KeptData } from '../../run/folder.ts';
import { ensureStore } from './ensure-store.ts';
import type { GuardedHooks } from './hooks.ts';
import { untilStopped } from './stop-requests.ts';

export interface RunFacts {
  readonly dataHash: string;
  readonly totalSteps: number;
  /** Of all steps. */
  readonly microBatches: number;
}

/**
 * Looks at configuration and data together, before anything is started; makes a synthetic dataset that is
 * absent.
 * @throws LockstepError what keeps the run from beginning
 */
export async function readRunFacts(config: RunConfig, hooks: GuardedHooks): Promise<RunFacts> {
  return await withDefinition(config, hooks, factsOf);
}

/** A run that has not begun. */
export interface NewRun {
  /** With the scaling of its numbers. */
  readonly config: RunConfig;
  readonly facts: RunFacts;
  /** What its folder keeps of the data. */
  readonly kept: KeptData;
}

/**
 * `readRunFacts` of a new run, and what its folder keeps of the data: reads every training sequence once. Warns of what
 * looks wrong.
 */
export async function readNewRun(config: RunConfig, hooks: GuardedHooks): Promise<NewRun> {
  return await withDefinition(config, hooks, async (run, store) => {
    for (const text of runConcerns(run)) hooks.onEvent({ kind: 'warning', text });
    const facts = await factsOf(run);
    const sequences = trainingSequences(run);
    const values = untilStopped(sequenceValues(store, sequences), hooks, 'the first step');
    const digests = await digestsOf(values, sequences.length);
    const data = { ...config.data, scaling: run.scaling.kind };
    return { config: { ...config, data }, facts, kept: { data: trainingDataOf(run), digests } };
  });
}

async function withDefinition<Result>(
  config: RunConfig,
  hooks: GuardedHooks,
  use: (run: RunDefinition, store: StoreOnDisk) => Promise<Result>,
): Promise<Result> {
  await ensureStore(config, hooks);
  const store = await openStore(config.data.store);
  try {
    return await use(defineRun(config, store), store);
  } finally {
    await store.close();
  }
}

async function factsOf({
  config,
  store,
  schedule,
  layout,
  phases,
}: RunDefinition): Promise<RunFacts> {
  const { initialWeights } = config.model;
  // Workers read them again: this is to refuse bad ones before anything is written.
  if (initialWeights !== undefined) await loadWeights(initialWeights, layout);
  const microBatches = schedule.phases.reduce((sum, { steps }, index) => {
    const batch = phases[index]!.config.batch ?? config.batch;
    return sum + steps * batch.microBatches;
  }, 0);
  const { totalSteps } = schedule;
  return { dataHash: store.manifest.contentHash, totalSteps, microBatches };
}
