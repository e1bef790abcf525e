/** Imports one file: `import-program.ts REQUEST`. Prints its times and memory as JSON. */

import { isSkip } from '../../data/record.ts';
import { importSource } from '../../importer/import-source.ts';
import { DEFAULT_RULES } from '../../importer/source-rules.ts';
import { type BuildStoreOptions, buildStore } from '../../workflow/data/build-store.ts';
import { peakMemory } from '../peak-memory.ts';

export interface ImportRequest {
  readonly source: string;
  readonly store: string;
  readonly options: Omit<BuildStoreOptions, 'source' | 'store'>;
}

export interface ImportAnswer {
  /** Reading all records, without a dataset. */
  readonly readSeconds: number;
  /** The whole import, until the dataset is on the disk. */
  readonly importSeconds: number;
  readonly values: number;
  readonly peakBytes: number;
}

async function timeImport({ source, store, options }: ImportRequest): Promise<ImportAnswer> {
  const start = performance.now();
  let values = 0;
  for await (const item of importSource({ ...DEFAULT_RULES, ...options, source }).items) {
    if (!isSkip(item)) values += item.values.length;
  }
  const readSeconds = (performance.now() - start) / 1000;
  const again = performance.now();
  await buildStore({ ...options, source, store, overwrite: true });
  const importSeconds = (performance.now() - again) / 1000;
  return { readSeconds, importSeconds, values, peakBytes: peakMemory() };
}

const request = JSON.parse(process.argv[2]!) as ImportRequest;
process.stdout.write(JSON.stringify(await timeImport(request)));
