/** The files and folders that an import reads, from paths and glob patterns. */
import { existsSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { globSync, isDynamicPattern } from 'tinyglobby';
import { LockstepError } from '../../core/errors.ts';
import { compareUtf8 } from '../../data/format/byte-order.ts';
import { SPLITS, type Split } from '../../data/format/store.ts';

/** One path or pattern, or several. */
export type Paths = string | readonly string[];

/** Sources whose sequences are dealt out, and those of one split. */
export interface SourcePaths {
  readonly source?: Paths | undefined;
  readonly train?: Paths | undefined;
  readonly validation?: Paths | undefined;
  readonly test?: Paths | undefined;
}

/** A file or folder that exists. */
export interface FoundSource {
  readonly path: string;
  /** The split of all its sequences. */
  readonly split?: Split | undefined;
  /** The folder of the table that it is a part of. */
  readonly folder?: string;
  /** What the folders `key=value` on the way to the part say. */
  readonly keys?: Readonly<Record<string, string>>;
}

/**
 * Finds the sources: those without a split first, files of a pattern by their names.
 * @throws LockstepError DATA_NOT_FOUND; USAGE for a source of two splits, none at all, or one that is neither file nor folder
 */
export function findSources(paths: SourcePaths): FoundSource[] {
  const found: FoundSource[] = [
    ...listed(paths.source).map((path) => ({ path })),
    ...SPLITS.flatMap((split) => listed(paths[split]).map((path) => ({ path, split }))),
  ];
  if (found.length === 0)
    throw new LockstepError('USAGE', 'No source is given.', 'Name a file or folder.');
  const sources = new Map<string, FoundSource>();
  for (const source of found) {
    refuseNoFile(source.path);
    const place = resolve(source.path);
    const before = sources.get(place);
    if (before !== undefined && before.split !== source.split) throw twice(source.path);
    sources.set(place, source);
  }
  return [...sources.values()];
}

function listed(paths: Paths = []): string[] {
  return [paths].flat().flatMap((path) => (existsSync(path) ? [path] : matching(path)));
}

function matching(pattern: string): string[] {
  const isPattern = isDynamicPattern(pattern);
  const found = isPattern ? globSync(pattern, { dot: false, expandDirectories: false }) : [];
  if (found.length > 0) return found.sort(compareUtf8);
  throw new LockstepError(
    'DATA_NOT_FOUND',
    `Cannot import "${pattern}": ${isPattern ? 'no file matches it' : 'there is no such file or folder'}.`,
    'Give files, such as .csv, .jsonl, .npy or .parquet, a pattern of their names in quotes, or a folder.',
  );
}

/** An import reads parts of a source twice, which a pipe does not give, such as the one of a shell's <(…). */
function refuseNoFile(path: string): void {
  const facts = statSync(path);
  if (facts.isFile() || facts.isDirectory()) return;
  throw new LockstepError(
    'USAGE',
    `Cannot import "${path}": it is a pipe or a device.`,
    'Write what comes through it into a file, and name that.',
  );
}

const twice = (path: string): LockstepError =>
  new LockstepError(
    'USAGE',
    `Cannot import "${path}": it is given twice, for different splits.`,
    'Give each file once.',
  );
