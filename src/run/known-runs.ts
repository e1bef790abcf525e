/** The runs of the current folder, and which one a path was meant to be. */
import { existsSync, readdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { LockstepError } from '../core/errors.ts';
import { nearestName } from '../core/nearest-name.ts';
import { commandLine } from '../core/program-name.ts';

const RUNS = 'runs';

/** Folders in `runs/` that hold a run. */
export function knownRuns(): string[] {
  if (!existsSync(RUNS)) return [];
  return readdirSync(RUNS)
    .map((name) => join(RUNS, name))
    .filter(isRun)
    .sort();
}

/** For a path that is no run's folder. */
export function notARun(path: string): LockstepError {
  const [reason, advice] = explain(path);
  return new LockstepError('RUN_NOT_FOUND', `"${path}" is no run's folder: ${reason}.`, advice);
}

function explain(path: string): [reason: string, advice: string] {
  if (!existsSync(path)) return ['there is no such folder', runMeant(path)];
  if (statSync(path).isDirectory()) return ['it has no config.yaml', runMeant(path)];
  return /\.ya?ml$/.test(path)
    ? ['it is a configuration', `${runOf(path)} or start one: "${commandLine('train', path)}".`]
    : ['it is a file', runMeant(path)];
}

function runOf(configuration: string): string {
  const run = join(RUNS, basename(configuration).replace(/\.ya?ml$/, ''));
  return isRun(run) ? `Give its run, "${run}",` : 'Give the folder of a run,';
}

function runMeant(path: string): string {
  const runs = knownRuns();
  const names = runs.map((run) => basename(run));
  const meant = nearestName(basename(path), names);
  if (meant !== undefined) return `Did you mean "${join(RUNS, meant)}"?`;
  return runs.length === 0
    ? 'Give the folder that a run was started in, such as runs/<name>.'
    : `Runs here: ${runs.join(', ')}.`;
}

const isRun = (path: string): boolean => existsSync(join(path, 'config.yaml'));
