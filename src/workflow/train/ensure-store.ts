/** Makes a configuration's synthetic dataset when its folder is absent. */
import { existsSync } from 'node:fs';
import { basename } from 'node:path';
import type { RunConfig } from '../../config/run-config.ts';
import { buildStore } from '../../data/importer/build-store.ts';
import type { ImportReport } from '../../data/importer/report.ts';
import { synthesize } from '../../data/importer/synthesize.ts';

/** @param say called with one sentence when there was something to do */
export async function ensureStore(
  { data }: Pick<RunConfig, 'data'>,
  say: (sentence: string) => void,
): Promise<void> {
  if (data.synthetic === undefined || existsSync(data.store)) return;
  let report: ImportReport;
  try {
    report = await buildStore(synthesize(data.synthetic), {
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
  say(`Made ${report.kept} synthetic sequences (${report.keptTokens} steps) in ${data.store}.`);
}
