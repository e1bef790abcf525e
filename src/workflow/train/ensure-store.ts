/** Makes a configuration's synthetic dataset when its folder is absent. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import { setTimeout as wait } from 'node:timers/promises';
import type { RunConfig } from '../../config/run-config.ts';
import { asLockstepError } from '../../core/errors.ts';
import type { ImportReport } from '../../data/info/import-report.ts';
import { buildStore } from '../../importer/build/build-store.ts';
import { requireRoom } from '../../importer/synthetic/room.ts';
import { synthesize } from '../../importer/synthetic/synthesize.ts';
import type { GuardedHooks } from './hooks.ts';
import { throwIfStopped, untilStopped } from './stop-requests.ts';

/** How often to look whether another process has made the dataset. */
const LOOK_MS = 200;

/**
 * Tells in one sentence what was made, if anything. Waits while another process makes the same.
 * @throws LockstepError INTERRUPTED, TERMINATED; OUT_OF_RESOURCES for more than the disk or the memory holds
 */
export async function ensureStore(
  { data }: Pick<RunConfig, 'data'>,
  hooks: GuardedHooks,
): Promise<void> {
  if (data.synthetic === undefined || existsSync(data.store)) return;
  requireRoom(data.synthetic, data.store);
  const report = await make(data, data.synthetic, hooks);
  if (report === undefined) return;
  const text = `Made ${report.kept} synthetic sequences (${report.keptTokens} timesteps) in ${data.store}.`;
  hooks.onEvent({ kind: 'status', text });
}

type DataConfig = RunConfig['data'];

/** Undefined where another process was faster: its dataset is as good. */
async function make(
  { store }: DataConfig,
  synthetic: NonNullable<DataConfig['synthetic']>,
  hooks: GuardedHooks,
): Promise<ImportReport | undefined> {
  for (;;) {
    try {
      return await buildStore(untilStopped(synthesize(synthetic), hooks, 'the first step'), {
        target: store,
        name: basename(store),
        valueType: synthetic.symbols > 256 ? 'uint16' : 'uint8',
        provenance: { importer: 'synthetic', options: synthetic },
      });
    } catch (thrown) {
      if (existsSync(store)) return undefined;
      if (asLockstepError(thrown).code !== 'RUN_LOCKED') throw thrown;
      throwIfStopped(hooks, 'the first step');
      await wait(LOOK_MS);
    }
  }
}
