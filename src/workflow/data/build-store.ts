/** A dataset from files, or from records that a program makes. */
import { basename } from 'node:path';
import type { BuildOptions } from '../../data/importer/build-options.ts';
import { buildStore as buildFromItems } from '../../data/importer/build-store.ts';
import { type ChosenSource, importSource } from '../../data/importer/import-source.ts';
import type { ImportItem } from '../../data/importer/record.ts';
import { refuseOverlap } from '../../data/importer/refuse-overlap.ts';
import type { ImportReport } from '../../data/importer/report.ts';
import {
  DEFAULT_RULES,
  rulesOf,
  type SourceOptions,
  type SourceRules,
} from '../../data/importer/source-rules.ts';
import { extensionOf, recordOf } from '../../extension/identity.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import { type StopRequests, untilStopped } from '../train/stop-requests.ts';

export type Items = AsyncIterable<ImportItem> | Iterable<ImportItem>;

/** What becomes of the records, how files are read, and where the dataset goes. */
export interface BuildStoreOptions
  extends Omit<BuildOptions, 'target' | 'name' | 'valueType'>,
    Partial<SourceRules>,
    Pick<SourceOptions, 'importer' | 'option'>,
    ExtensionOptions,
    Pick<StopRequests, 'signal'> {
  /** Path of a folder of files, a .csv or a .jsonl file, or what an importer of an extension reads; or the records. */
  readonly source: string | Items;
  /** Folder of the dataset. */
  readonly store: string;
  /** @default the folder's own name */
  readonly name?: string;
  /** Type of the values. @default 'uint8' */
  readonly valueType?: BuildOptions['valueType'];
}

/**
 * Makes a dataset: checks the records, leaves duplicates out, keeps the sequences of one group in one split, and
 * writes the folder whole or not at all.
 * @returns what was read, kept and left out
 * @throws LockstepError USAGE for an option that makes no sense or a folder that is there, DATA_NOT_FOUND,
 *   DATA_INVALID; INTERRUPTED, TERMINATED after a stop
 * @example
 * await buildStore({ source: 'reads.csv', store: 'data/reads', label: 'kind' });
 * await buildStore({ source: [{ id: 'a', label: 'x', values: [1, 2, 3] }], store: 'data/made' });
 */
export async function buildStore(options: BuildStoreOptions): Promise<ImportReport> {
  const { source, store: target, name = basename(target), valueType = 'uint8' } = options;
  const stop = { signal: options.signal };
  const what = 'the dataset was complete';
  const common = { ...buildOptionsOf(options), target, name, valueType };
  if (typeof source !== 'string') {
    return await buildFromItems(untilStopped(source, stop, what), common);
  }
  refuseOverlap(source, target);
  await loadExtensions(options.extensions ?? []);
  const rules = rulesOf({ ...DEFAULT_RULES, ...options, source });
  const maxLength = options.length?.maximum;
  const { importer, option } = options;
  const request = { ...rules, source, importer, maxLength, ...(option && { option }) };
  const chosen = importSource(request);
  const provenance = { ...options.provenance, importer: importerRecord(chosen), rules };
  return await buildFromItems(untilStopped(chosen.items, stop, what), { ...common, provenance });
}

/** How `predict --files` knows the importer again. */
function importerRecord({ importer, options }: ChosenSource) {
  const extension = extensionOf(importer);
  return { kind: importer.kind, options, ...(extension && { extension: recordOf(extension) }) };
}

/** Those that the records' way into the dataset has. */
function buildOptionsOf(options: BuildStoreOptions) {
  const { overwrite, length, classes, shares, duplicates, largestValue, caps, seed } = options;
  const { provenance, onProgress, missing } = options;
  return {
    ...{
      overwrite,
      length,
      classes,
      shares,
      duplicates,
      largestValue,
      caps,
      seed,
      provenance,
      missing,
    },
    ...(onProgress !== undefined && { onProgress }),
  };
}
