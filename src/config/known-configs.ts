/** The configurations that come with Lockstep, and which one a path was meant to be. */
import { existsSync, readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { likelyImportOptions } from '../core/likely-import.ts';
import { nearestName } from '../core/nearest-name.ts';
import { commandLine, packedPath, shellWord } from '../core/program-name.ts';
import { readTextSync } from '../core/read-file.ts';

/** What a configuration describes. */
export type ConfigKind = 'run' | 'study';

/** Paths of complete configurations that need nothing else, from the current folder. */
const completeConfigurations = (kind: ConfigKind): string[] => configurationsIn('configs', kind);

/** Those and the examples, some of which need an extension. */
export function knownConfigurations(kind: ConfigKind = 'run'): string[] {
  return [...completeConfigurations(kind), ...configurationsIn('examples', kind)];
}

const configurationsIn = (folder: string, kind: ConfigKind): string[] =>
  yamlFilesIn(packedPath(folder))
    .filter((path) => MARKS[kind].test(readTextSync(path)))
    .sort();

/** What is wrong with a path that is no configuration of this kind, and what to do about it. */
export function notAConfiguration(
  path: string,
  kind: ConfigKind,
): { reason: string; advice: string } {
  if (!existsSync(path)) {
    return { reason: 'there is no such file', advice: adviceOnAbsent(path, kind) };
  }
  if (existsSync(join(path, 'config.yaml'))) {
    const command = commandLine('resume', path);
    return { reason: 'it is the folder of a run', advice: `Did you mean "${command}"?` };
  }
  if (existsSync(join(path, 'manifest.json'))) {
    const command = commandLine('study', path);
    return {
      reason: 'it is a dataset',
      advice: `Name it in a configuration (--set data.store=${shellWord(path)}), or study it: "${command}".`,
    };
  }
  if (isData(path)) {
    const [importing, studying] = [
      commandLine('data', 'import', path, dataset(path), ...likelyImportOptions(path)),
      commandLine('study', dataset(path)),
    ];
    return {
      reason: 'it is a file of data',
      advice: `Make a dataset of it, "${importing}", and study that: "${studying}".`,
    };
  }
  const files = yamlFilesIn(path);
  return {
    reason: 'it is a folder',
    advice: files.length === 0 ? completeOnes(kind) : `Give a file in it: ${files.join(', ')}.`,
  };
}

/** Whether the name of a file says that it holds sequences. */
export const isData = (path: string): boolean =>
  /\.(csv|tsv|txt|jsonl|ndjson|npy|npz|parquet|pq|arrow|feather|ts|arff|fasta|fa|fastq|fq|wav|xlsx?)(\.gz|\.zst)?$/i.test(
    path,
  );

/** Where the dataset of a file may lie. */
const dataset = (path: string): string => join('data', basename(path).replace(/\..*$/, ''));

/** For a missing one. */
export const completeOnes = (kind: ConfigKind = 'run'): string =>
  `Complete configurations${kind === 'run' ? '' : ` of a ${kind}`}: ${completeConfigurations(kind).join(', ')}.`;

function adviceOnAbsent(path: string, kind: ConfigKind): string {
  const meant = fileMeant(path, kind);
  if (meant !== undefined) return `Did you mean "${meant}"?`;
  const run = join('runs', basename(path));
  if (existsSync(join(run, 'config.yaml'))) return `Did you mean "${commandLine('resume', run)}"?`;
  return completeOnes(kind);
}

/** With an ending, in the folder of configurations, or spelt rightly. */
function fileMeant(path: string, kind: ConfigKind): string | undefined {
  const name = stem(path);
  const known = knownConfigurations(kind);
  const complete = [`${path}.yaml`, `${path}.yml`, join('configs', `${name}.yaml`)];
  return (
    complete.find((file) => existsSync(file)) ??
    known.find((file) => stem(file) === name) ??
    nearest(path, filesBeside(path)) ??
    nearest(path, known)
  );
}

/** The file whose name is nearest, endings apart. */
function nearest(path: string, files: readonly string[]): string | undefined {
  const meant = nearestName(stem(path), files.map(stem));
  return files.find((file) => stem(file) === meant);
}

const stem = (path: string): string => basename(path).replace(/\.ya?ml$/, '');

function filesBeside(path: string): string[] {
  const folder = dirname(path);
  return existsSync(folder) ? yamlFilesIn(folder) : [];
}

function yamlFilesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((name) => /\.ya?ml$/.test(name))
    .map((name) => join(folder, name));
}

/** The key by which a file of a kind is known. */
const MARKS: Readonly<Record<ConfigKind, RegExp>> = { run: /^phases:/m, study: /^datasets:/m };
