/**
 * Tables in many files, as Spark, Dask, Hive and pyarrow write them: a folder `x.parquet` with parts, whose folders
 * `key=value` stand for columns.
 */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { compareUtf8 } from '../data/format/byte-order.ts';
import { isDatasetFolder } from '../formats/columnar/hugging-face-folder.ts';
import type { FoundSource } from '../source/file/find-sources.ts';
import { readFailure } from '../source/file/read-failure.ts';
import { isNoUtf8Name, refuseUnusablePart } from '../source/file/unusable-entry.ts';
import { keyOfFolder } from '../source/rules/path-rules.ts';

/** What such programs write beside the parts. Names that begin with `_` or a dot are no data for any of them. */
const MARKS: ReadonlySet<string> = new Set(['_SUCCESS', '_metadata', '_common_metadata']);
const TABLE_FOLDER = /\.(parquet|pq|arrow|feather|csv|tsv|json|jsonl|ndjson)$/i;
/** `part-00000-….snappy.parquet` of Spark, `part.0.parquet` of Dask, `part-0.arrow` of pyarrow. */
const PART = /^part[-.]\d+\b.*\.(parquet|pq|arrow|feather|csv|tsv|txt|json|jsonl|ndjson)(\.\w+)?$/i;
const COLUMNAR = /\.(parquet|pq|arrow|feather)$/i;

/** Tables whose files do not all count: which do, stands in a log. */
const LOGS: Readonly<Record<string, string>> = {
  _delta_log: 'Delta Lake',
  '.hoodie': 'Hudi',
  metadata: 'Iceberg',
};

/** The files of the folders among the sources that are tables, instead of these folders. */
export function withPartsOfTables(sources: readonly FoundSource[]): FoundSource[] {
  return sources.flatMap((source) => partsOf(source) ?? [source]);
}

function partsOf(source: FoundSource): FoundSource[] | undefined {
  const { path } = source;
  const entries = entriesOf(path);
  if (entries === undefined || isDatasetFolder(path)) return undefined;
  refuseLogged(path, entries);
  if (!isTable(path, entries)) return undefined;
  const files = [...filesBelow(path)];
  if (files.length === 0) {
    throw new LockstepError(
      'DATA_INVALID',
      `Cannot import "${path}": it holds no files.`,
      'Look at the path; files whose names begin with a dot or "_" never count.',
    );
  }
  return files.map((names) => ({
    ...source,
    path: join(path, ...names),
    folder: path,
    keys: keysOf(names),
  }));
}

/** Undefined for a file, and for a folder that may not be read, which its importer says. */
function entriesOf(path: string): Dirent[] | undefined {
  try {
    return readdirSync(path, { withFileTypes: true });
  } catch {
    return undefined;
  }
}

function refuseLogged(path: string, entries: readonly Dirent[]): void {
  const log = entries.find(({ name }) => Object.hasOwn(LOGS, name));
  if (log === undefined || (log.name === 'metadata' && !isIceberg(path))) return;
  throw new LockstepError(
    'DATA_INVALID',
    `Cannot import "${path}": it is a table of ${LOGS[log.name]}, of whose files not all count.`,
    'Read it with the program that wrote it, and write it as plain Parquet files.',
  );
}

const isIceberg = (path: string): boolean =>
  (entriesOf(join(path, 'metadata')) ?? []).some(({ name }) => name.endsWith('.metadata.json'));

/**
 * The names that lead to each file.
 * @throws LockstepError DATA_INVALID for a folder that may not be read, or a name that is no UTF-8: files would be missing
 *   without a word
 */
function* filesBelow(root: string, names: readonly string[] = []): Generator<readonly string[]> {
  for (const entry of listed(join(root, ...names))) {
    const path = [...names, entry.name];
    const whole = join(root, ...path);
    if (entry.isSymbolicLink() || isNoUtf8Name(whole)) refuseUnusablePart(whole);
    if (entry.isDirectory()) yield* filesBelow(root, path);
    else yield path;
  }
}

function listed(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true })
      .filter(({ name }) => !/^[._]/.test(name))
      .sort((a, b) => compareUtf8(a.name, b.name));
  } catch (thrown) {
    throw readFailure(thrown, folder, 'folder');
  }
}

function isTable(path: string, entries: readonly Dirent[]): boolean {
  if (TABLE_FOLDER.test(path.replace(/[/\\]+$/, ''))) return true;
  return entries.some(({ name }) => MARKS.has(name)) || holdsParts(path);
}

/** Looks at no more files than it takes to see one that is no part. */
function holdsParts(path: string): boolean {
  let [areParts, areColumnar, isEmpty] = [true, true, true];
  for (const names of filesBelow(path)) {
    const [folders, name] = [names.slice(0, -1), names.at(-1)!];
    areParts &&= PART.test(name);
    areColumnar &&= folders.length > 0 && COLUMNAR.test(name);
    const isBelowKeys = folders.every((folder) => keyOfFolder(folder) !== undefined);
    if (!isBelowKeys || !(areParts || areColumnar)) return false;
    isEmpty = false;
  }
  return !isEmpty;
}

/** What Hive calls a missing value. */
const NULL = '__HIVE_DEFAULT_PARTITION__';

function keysOf(names: readonly string[]): Record<string, string> {
  const keys = names.slice(0, -1).flatMap((name) => keyOfFolder(name) ?? []);
  return Object.fromEntries(keys.map(({ key, value }) => [key, value === NULL ? '' : value]));
}

/** Roles that a key may have. */
const ROLES = ['id', 'label', 'group', 'split'] as const;
type Role = (typeof ROLES)[number];

/** The keys that options name, by their roles. */
export type KeyRoles = Readonly<Partial<Record<Role, string>>>;

/**
 * The keys of table folders that options name: they stand in no file. Without an option, a key `label` or `class` is
 * the label and a key `split` the split, as in any folder.
 * @param hasTarget what there is to learn is said otherwise, or not wanted
 */
export function keyRolesOf(
  sources: readonly FoundSource[],
  given: Readonly<Partial<Record<Role, string | undefined>>>,
  hasTarget: boolean,
): KeyRoles {
  const [first, ...others] = sources.map(({ keys = {} }) => Object.keys(keys));
  const keys = (first ?? []).filter((key) => others.every((other) => other.includes(key)));
  const named = ROLES.flatMap((role) => {
    const key = given[role];
    return key !== undefined && keys.includes(key) ? [[role, key] as const] : [];
  });
  const label = keys.find((key) => /^(label|class)$/i.test(key));
  const split = keys.find((key) => /^split$/i.test(key));
  return {
    ...(label !== undefined && !hasTarget && { label }),
    ...(split !== undefined && given.split === undefined && { split }),
    ...Object.fromEntries(named),
  };
}
