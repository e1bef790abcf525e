/** Makes a configuration's synthetic dataset when its folder is absent. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunConfig } from '../../config/run-config.ts';
import { buildStore } from '../../data/importer/build-store.ts';
import type { ImportReport } from '../../data/importer/report.ts';
import { synthesize } from '../../data/importer/synthesize.ts';
import type { GuardedHooks } from './hooks.ts';
import { untilStopped } from './stop-requests.ts';

/** Tells in one sentence what was made, if anything. @throws LockstepError INTERRUPTED, TERMINATED */
export async function ensureStore(
  { data }: Pick<RunConfig, 'data'>,
  hooks: GuardedHooks,
): Promise<void> {
  if (data.synthetic === undefined || existsSync(data.store)) return;
  let report: ImportReport;
  try {
    report = await buildStore(untilStopped(synthesize(data.synthetic), hooks, 'the first step'), {
      target: data.store,
      name: basename(data.store),
      valueType: data.synthetic.symbols > 256 ? 'uint16' : 'uint8',
      provenance: { importer: 'synthetic', options: data.synthetic },
    });
  } catch (thrown) {
    // Another process may have made the same one in the meantime: that is as good.
    if (existsSync(data.store)) return;
    throw thrown;
  }
  const text = `Made ${report.kept} synthetic sequences (${report.keptTokens} timesteps) in ${data.store}.`;
  hooks.onEvent({ kind: 'status', text });
}
