import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import {
  likelyColumns,
  likelyImportOptions,
  likelyLabel,
  likelyTime,
} from '../../../src/core/likely-import.ts';

describe('the likely columns of a table', () => {
  it('are the label, and all others for the values', () => {
    assert.deepEqual(likelyColumns(['Class', 't0', 't1']), [
      ...['--values', 'all-others', '--label', 'Class'],
    ]);
    assert.deepEqual(likelyColumns(['values', 'label']), ['--label', 'label']);
  });

  it('have an id and a time where each row is a timestep', () => {
    assert.deepEqual(likelyColumns(['id', 'time', 'x', 'z', 'label']), [
      ...['--id', 'id', '--time', 'time', '--values', 'x,z', '--label', 'label'],
    ]);
  });

  it('may be looked for one by one', () => {
    assert.equal(likelyLabel(['id', 'Species']), 'Species');
    assert.equal(likelyTime(['index', 'date', 'timestamp']), 'timestamp');
    assert.equal(likelyTime(['index', 'x']), undefined);
  });

  it('are none without a label', () => {
    assert.deepEqual(likelyColumns(['id', 'x']), []);
    assert.deepEqual(likelyColumns(['0.5', '1']), []);
  });

  it('are read with the delimiter of the file', () => {
    const folder = mkdtempSync(join(tmpdir(), 'likely-'));
    const path = join(folder, 'mine.csv');
    try {
      writeFileSync(path, '\uFEFF"label";a;b\r\n1;2;3\n');
      assert.deepEqual(likelyImportOptions(path), [
        ...['--values', 'all-others', '--label', 'label', '--delimiter', ';'],
      ]);
      assert.deepEqual(likelyImportOptions(join(folder, 'absent.csv')), []);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
