import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockstepError } from '../../../src/core/errors.ts';
import { refuseWithoutTarget } from '../../../src/data/no-target.ts';

const adviceFor = (provenance: Record<string, unknown>): string => {
  try {
    refuseWithoutTarget('A study', 'data/mine', { target: { kind: 'none' }, provenance });
  } catch (thrown) {
    assert.ok(thrown instanceof LockstepError);
    assert.equal(thrown.code, 'DATA_INVALID');
    assert.match(thrown.message, /no sequence of the dataset "data\/mine" has a target/);
    return thrown.advice;
  }
  assert.fail('a dataset without a target is refused');
};

describe('a dataset without a target', () => {
  it('is told the command that made it, with a column of classes', () => {
    const command = ['data', 'import', 'my series.csv', 'data/mine', '--overwrite', '--id', 'id'];
    assert.match(
      adviceFor({ command }),
      / data import 'my series\.csv' data\/mine --id id --label COLUMN --overwrite"/,
    );
  });

  it('is told another column where the named one had no label', () => {
    for (const label of [['--label', 'empty'], ['--label=empty']]) {
      const command = ['data', 'import', 'mine.csv', 'data/mine', ...label];
      assert.match(
        adviceFor({ command }),
        / data import mine\.csv data\/mine --label COLUMN --overwrite"/,
      );
    }
  });

  it('is told a command of the same form where nobody knows how it was made', () => {
    for (const provenance of [{}, { merged: [] }, { command: ['data', 'synth', 'x'] }]) {
      assert.match(adviceFor(provenance), / data import mine\.csv data\/mine --label COLUMN /);
    }
  });

  it('is not refused where it has one', () => {
    refuseWithoutTarget('A study', 'data/mine', { target: { kind: 'class' }, provenance: {} });
  });
});
