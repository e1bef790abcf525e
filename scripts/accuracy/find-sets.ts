/** Benchmark sets of the UCR and UEA archives on this machine. */
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { LockstepError } from '../../src/core/errors.ts';

/** A set with its given split. */
export interface BenchmarkSet {
  readonly name: string;
  readonly train: string;
  readonly test: string;
}

/** Where the Python packages aeon and sktime keep theirs, in a site-packages folder. */
const IN_PACKAGES = ['aeon/datasets/data', 'sktime/datasets/data'];

/**
 * Sets of a folder whose folders are named after them, or of a site-packages folder; of two with one name the first.
 * @throws LockstepError DATA_NOT_FOUND
 */
export function findSets(folder: string, names: ReadonlySet<string>): BenchmarkSet[] {
  const rooms = [folder, ...IN_PACKAGES.map((path) => join(folder, path))].filter(existsSync);
  const sets = new Map<string, BenchmarkSet>();
  for (const room of rooms) {
    for (const name of readdirSync(room)) {
      const part = (split: string) => join(room, name, `${name}_${split}.ts`);
      const set = { name, train: part('TRAIN'), test: part('TEST') };
      const isThere = names.has(name) && existsSync(set.train) && existsSync(set.test);
      if (isThere && !sets.has(name)) sets.set(name, set);
    }
  }
  if (sets.size > 0) return [...sets.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
  throw new LockstepError(
    'DATA_NOT_FOUND',
    `"${folder}" has no folder NAME with NAME_TRAIN.ts and NAME_TEST.ts, of a set with published figures.`,
    'Name the site-packages folder of a Python that has aeon or sktime, or a folder of such sets.',
  );
}
