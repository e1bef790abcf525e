/** What `npm run test:accuracy` compares methods by, and which sets it finds. */
import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { it } from 'node:test';
import { findSets } from '../../../scripts/accuracy/find-sets.ts';
import { meanRanks, ranksOf } from '../../../scripts/accuracy/ranks.ts';
import { LockstepError } from '../../../src/core/errors.ts';

it('ranks the largest accuracy first, and gives equal ones the mean of their ranks', () => {
  assert.deepEqual(ranksOf([90, 95, 80]), [2, 1, 3]);
  assert.deepEqual(ranksOf([95, 95, 80, 95]), [2, 2, 4, 2]);
});

it('takes mean ranks over the sets on which every method has an accuracy', () => {
  const rows = [
    [90, 80],
    [70, 70],
    [50, undefined],
  ];
  assert.deepEqual(meanRanks(rows), { datasets: 2, ranks: [1.25, 1.75] });
});

it('finds known sets with both splits, in a folder or in a site-packages folder', () => {
  const folder = mkdtempSync(join(tmpdir(), 'sets-'));
  const room = join(folder, 'sktime', 'datasets', 'data');
  const write = (path: string, name: string, splits: readonly string[]) => {
    mkdirSync(join(path, name), { recursive: true });
    for (const split of splits) writeFileSync(join(path, name, `${name}_${split}.ts`), '');
  };
  write(room, 'B', ['TRAIN', 'TEST']);
  write(room, 'Unknown', ['TRAIN', 'TEST']);
  write(folder, 'A', ['TRAIN', 'TEST']);
  write(folder, 'Half', ['TRAIN']);
  const names = new Set(['A', 'B', 'Half']);
  assert.deepEqual(
    findSets(folder, names).map(({ name }) => name),
    ['A', 'B'],
  );
  assert.throws(() => findSets(room, new Set(['C'])), LockstepError);
  rmSync(folder, { recursive: true });
});
