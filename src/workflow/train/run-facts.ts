/** What a run needs to know of configuration and data together before its processes start. */
import { loadWeights } from '../../checkpoint/restore.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { openStore, type StoreOnDisk } from '../../data/format/open-store.ts';
import { digestsOf, sequenceValues } from '../../data/sequence-digests.ts';
import { initialState } from '../../nn/initial-state.ts';
import { runConcerns } from '../../run/concerns.ts';
import {
  defineRun,
  type RunDefinition,
  trainingDataOf,
  trainingSequences,
} from '../../run/definition.ts';
import type { KeptData } from '../../run/folder.ts';
import { type Headline, judgeOf, PROBE_HEADLINE } from '../../run/judge.ts';
import { ensureStore } from './ensure-store.ts';
import type { GuardedHooks } from './hooks.ts';
import { untilStopped } from './stop-requests.ts';

export interface RunFacts {
  readonly dataHash: string;
  readonly totalSteps: number;
  /** One a phase. */
  readonly phaseSteps: readonly number[];
  /** What each phase is judged by. */
  readonly headlines: readonly Headline[];
  /** Of all steps. */
  readonly microBatches: number;
}

/**
 * Looks at configuration and data together, before anything is started; makes a synthetic dataset that is
 * absent.
 * @throws LockstepError what keeps the run from beginning
 */
export async function readRunFacts(config: RunConfig, hooks: GuardedHooks): Promise<RunFacts> {
  return await withDefinition(config, hooks, async (run) => factsOf(run));
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
    await refuseUnfittingWeights(run);
    const sequences = trainingSequences(run);
    const values = untilStopped(sequenceValues(store, sequences), hooks, 'the first step');
    const digests = await digestsOf(values, sequences.length);
    const data = { ...config.data, scaling: run.scaling.kind };
    return {
      config: { ...config, data },
      facts: factsOf(run),
      kept: { data: trainingDataOf(run), digests },
    };
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

/**
 * Workers read them again; this is to refuse bad ones before anything is written. Heads may differ: what they lack stays
 * random.
 * @throws LockstepError CHECKPOINT_NOT_FOUND, CHECKPOINT_CORRUPT, CHECKPOINT_MISMATCH
 */
async function refuseUnfittingWeights({
  config: { model, seed },
  parameters,
  layout,
}: RunDefinition): Promise<void> {
  if (model.initialWeights === undefined) return;
  const into = initialState(parameters, layout, { seed, momentCount: 0 });
  await loadWeights(model.initialWeights, layout, { into });
}

function factsOf({ config, store, schedule, phases }: RunDefinition): RunFacts {
  const microBatches = schedule.phases.reduce((sum, { steps }, index) => {
    const batch = phases[index]!.config.batch ?? config.batch;
    return sum + steps * batch.microBatches;
  }, 0);
  const { totalSteps } = schedule;
  const phaseSteps = schedule.phases.map(({ steps }) => steps);
  const headlines = phases.map(({ config, objective, probe }) =>
    judgeOf(config, probe === undefined ? objective.headline : PROBE_HEADLINE),
  );
  const dataHash = store.manifest.contentHash;
  return { dataHash, totalSteps, phaseSteps, headlines, microBatches };
}
