/** A dataset from files, or from records that a program makes. */
import { basename } from 'node:path';
import { LockstepError } from '../../core/errors.ts';
import { likelyLabel, likelyTime } from '../../core/likely-import.ts';
import type { ImportReport } from '../../data/info/import-report.ts';
import type { ImportItem } from '../../data/record.ts';
import { extensionOf, recordOf } from '../../extension/identity.ts';
import { type ExtensionOptions, loadExtensions } from '../../extension/load.ts';
import type { BuildOptions, ImportProgress } from '../../importer/build/build-options.ts';
import { buildStore as buildFromItems } from '../../importer/build/build-store.ts';
import { oneByOne, type ReadItems } from '../../importer/build/read-items.ts';
import { type ChosenSource, importSource } from '../../importer/import-source.ts';
import { inBatches, itemsOfBatches, type ReadBatch } from '../../importer/item-batch.ts';
import { refuseOverlap } from '../../importer/refuse-overlap.ts';
import { refuseUnusedRules } from '../../importer/refuse-unused-rules.ts';
import { importers } from '../../importer/registry.ts';
import { sizeOfSource } from '../../importer/source-identity.ts';
import {
  DEFAULT_RULES,
  rulesOf,
  type SourceOptions,
  type SourceRules,
} from '../../importer/source-rules.ts';
import { withListedSplits } from '../../importer/split-list.ts';
import { bytesRead } from '../../source/file/bytes-read.ts';
import { contentName, isCompressed } from '../../source/file/compressed.ts';
import type { Paths, SourcePaths } from '../../source/file/find-sources.ts';
import { TARGET_RULES } from '../../source/rules/table-rules.ts';
import { type StopRequests, throwIfStopped, untilStopped } from '../train/stop-requests.ts';
import { gatherInThread } from './gather-in-thread.ts';
import { readInThread } from './read-in-thread.ts';
import { type ResumableImport, type ResumeOptions, resumably } from './resume-import.ts';

export type Items = AsyncIterable<ImportItem> | Iterable<ImportItem>;

/** What becomes of the records, how files are read, and where the dataset goes. */
export interface BuildStoreOptions
  extends Omit<BuildOptions, 'target' | 'name' | 'valueType'>,
    Partial<SourceRules>,
    Pick<SourceOptions, 'importer' | 'option'>,
    Omit<SourcePaths, 'source'>,
    ExtensionOptions,
    ResumeOptions,
    Pick<StopRequests, 'signal'> {
  /**
   * Path of a file or folder, a glob pattern, or several; or the records. `train`, `validation` and `test` are
   * sources of one split each.
   */
  readonly source?: Paths | Items;
  /** Folder of the dataset. */
  readonly store: string;
  /** @default the folder's own name */
  readonly name?: string;
  /** Type of the values. @default 'auto': the narrowest that holds all of them */
  readonly valueType?: BuildOptions['valueType'];
  /** A CSV file with the columns id and split, for the sequences that it lists. */
  readonly splitList?: string | undefined;
}

/** A source of this size is worth the start of a thread. */
const THREAD_BYTES = 32 * 2 ** 20;

/** What a stop comes before. */
const BEFORE = 'the dataset was complete';

/**
 * Makes a dataset: checks the records, leaves duplicates out, keeps the sequences of one group in one split, and
 * writes the folder whole or not at all. An interrupted import of a large source keeps what it has read beside `store`;
 * the same call goes on from there.
 * @returns what was read, kept and left out
 * @throws LockstepError USAGE for an option that makes no sense or a folder that is there, DATA_NOT_FOUND,
 *   DATA_INVALID; INTERRUPTED, TERMINATED after a stop
 * @example
 * await buildStore({ source: 'reads.csv', store: 'data/reads', label: 'kind' });
 * await buildStore({ train: 'TRAIN.tsv', test: 'TEST.tsv', store: 'data/ucr', noHeader: true, label: '1', values: '2..' });
 * await buildStore({ source: [{ id: 'a', label: 'x', values: [1, 2, 3] }], store: 'data/made' });
 */
export async function buildStore(options: BuildStoreOptions): Promise<ImportReport> {
  const { items, build, files } = await prepared(options);
  const stoppable = { ...build, onProgress: progressOf(options, files?.chosen) };
  // Not kept for a resumed import, which may have another list.
  const fromItems = (all: ReadItems) =>
    buildFromItems(withSplits(all, options), stoppable, gatherInThread);
  if (files === undefined) return await fromItems(items);
  return await resumably({ ...files, store: options.store, options }, fromItems);
}

/** The records with the splits of `splitList`. */
export function withSplits(items: ReadItems, { splitList }: BuildStoreOptions): ReadItems {
  return splitList === undefined ? items : withListedSplits(oneByOne(items), splitList);
}

/** Ends the import where a stop was asked for, and says which share of the source was read. */
function progressOf({ signal, onProgress }: BuildStoreOptions, chosen: ChosenSource | undefined) {
  const [before, sizeBytes] = [bytesRead(), chosen === undefined ? 0 : sizeOfSource(chosen)];
  return (progress: ImportProgress): void => {
    const share = Math.min(1, (bytesRead() - before) / sizeBytes);
    const isKnown = progress.stage === 'reading' && sizeBytes > 0;
    onProgress?.({ ...progress, ...(isKnown && { share }) });
    throwIfStopped({ signal }, BEFORE);
  };
}

/** The records of an import, and what becomes of them. */
export interface PreparedImport {
  readonly items: Items;
  readonly build: BuildOptions;
  /** What is read, with the same items in batches; absent where a program gives the records. */
  readonly files?: Pick<ResumableImport, 'chosen' | 'batches'>;
}

/** @throws LockstepError USAGE, DATA_NOT_FOUND */
export async function prepared(options: BuildStoreOptions): Promise<PreparedImport> {
  const { source, store: target, name = basename(target), valueType = 'auto' } = options;
  const stop = { signal: options.signal };
  const build = { ...buildOptionsOf(options), target, name, valueType };
  if (source !== undefined && !isPaths(source)) {
    return { items: untilStopped(source, stop, BEFORE), build };
  }
  await loadExtensions(options.extensions ?? []);
  const rules = rulesOf({ ...DEFAULT_RULES, ...options });
  const maxLength = options.length?.maximum;
  const { importer, option, train, validation, test } = options;
  const paths = { source, train, validation, test };
  const request = { ...rules, ...paths, importer, maxLength, ...(option && { option }) };
  const chosen = importSource(request);
  refuseUnusedRules(chosen.importer, rules);
  for (const { path, folder = path } of chosen.sources) refuseOverlap(folder, target);
  const provenance = { ...options.provenance, importer: importerRecord(chosen), rules };
  const targetNames = rules.target?.split(',').map((one) => one.trim());
  const more = {
    ...(targetNames && { targetNames }),
    unused: await unusedColumns(chosen, rules),
    provenance,
  };
  const batches = untilStopped(batchesOf(chosen), stop, BEFORE);
  const items = itemsOfBatches(batches);
  return { items, build: { ...build, ...more }, files: { chosen, batches } };
}

/** Columns of a table that may have been forgotten. What cannot be read, the import itself says. */
async function unusedColumns(
  { importer, options, sources: [first] }: ChosenSource,
  rules: SourceRules,
): Promise<NonNullable<BuildOptions['unused']>> {
  const hasTarget = TARGET_RULES.some((rule) => rules[rule] !== undefined);
  const isAllNamed = hasTarget && rules.time !== undefined;
  if (first === undefined || isAllNamed || isWholeFirst(first.path)) return {};
  try {
    const uses = (await importer.columns?.(first.path, options)) ?? [];
    const names = uses.filter(({ role }) => role === undefined).map(({ name }) => name);
    const isInLists = uses.filter(({ role }) => role?.startsWith('values')).length < 2;
    return {
      label: hasTarget ? undefined : likelyLabel(names),
      time: rules.time !== undefined || isInLists ? undefined : likelyTime(names),
    };
  } catch (error) {
    if (error instanceof LockstepError) return {};
    throw error;
  }
}

/** A compressed file of a format that is not read from front to back: it would be unpacked once more. */
const isWholeFirst = (path: string): boolean =>
  isCompressed(path) && /\.(parquet|pq|npz)$/i.test(contentName(path));

/** A thread reads a large source, unless the importer is one of the user's own. */
async function* batchesOf(chosen: ChosenSource): AsyncGenerator<ReadBatch, void> {
  const { importer, items, known } = chosen;
  const isLarge = importers.isBuiltIn(importer) && sizeOfSource(chosen) >= THREAD_BYTES;
  yield* isLarge ? readInThread(chosen, known.left) : inBatches(items);
}

/** An empty list has no records and no paths. */
const isPaths = (source: Paths | Items): source is Paths =>
  typeof source === 'string' ||
  (Array.isArray(source) && source.length > 0 && source.every((path) => typeof path === 'string'));

/** How `predict --files` knows the importer again. */
function importerRecord({ importer, options }: ChosenSource) {
  const extension = extensionOf(importer);
  return { kind: importer.kind, options, ...(extension && { extension: recordOf(extension) }) };
}

/** Those that the records' way into the dataset has. */
function buildOptionsOf(options: BuildStoreOptions) {
  const { overwrite, length, classes, shares, duplicates, largestValue, caps, seed } = options;
  const { provenance, onProgress, missing, folds } = options;
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
      folds,
    },
    ...(onProgress !== undefined && { onProgress }),
  };
}
