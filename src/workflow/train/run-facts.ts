/** What a run needs to know of configuration and data together before its processes start. */
import { loadWeights } from '../../checkpoint/restore.ts';
import type { RunConfig } from '../../config/run-config.ts';
import { openStore } from '../../data/format/open-store.ts';
import { defineRun } from '../../run/definition.ts';
import { ensureStore } from './ensure-store.ts';
import type { GuardedHooks } from './hooks.ts';

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
  await ensureStore(config, hooks);
  const store = await openStore(config.data.store);
  try {
    const { schedule, layout, phases } = defineRun(config, store);
    const { initialWeights } = config.model;
    // Workers read them again: this is to refuse bad ones before anything is written.
    if (initialWeights !== undefined) await loadWeights(initialWeights, layout);
    const microBatches = schedule.phases.reduce((sum, { steps }, index) => {
      const batch = phases[index]!.config.batch ?? config.batch;
      return sum + steps * batch.microBatches;
    }, 0);
    const { totalSteps } = schedule;
    return { dataHash: store.manifest.contentHash, totalSteps, microBatches };
  } finally {
    await store.close();
  }
}
