import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LockstepError } from '../../../../src/core/errors.ts';
import {
  asRead,
  refuseNoSounds,
  refuseOtherKind,
} from '../../../../src/workflow/predict/raw-refusals.ts';
import { describeUnusualLengths } from '../../../../src/workflow/predict/unusual-lengths.ts';

const kinds = (trained: string, found: string, isSound = false) => ({ trained, found, isSound });

describe('raw files of another kind', () => {
  it('are refused where their values mean something else', () => {
    for (const [trained, found] of [
      ['csv', 'fasta'],
      ['fastq', 'csv'],
      ['numpy', 'wav'],
      ['folder', 'csv'],
    ] as const)
      assert.throws(() => refuseOtherKind('x', kinds(trained, found)), /as the training data were/);
    assert.throws(() => refuseNoSounds('x', [8000], []), /were sounds, and these are numbers/);
  });

  it('are read where they mean the same', () => {
    for (const [trained, found, isSound] of [
      ['csv', 'parquet', false],
      ['fasta', 'fastq', false],
      ['csv', 'folder', false],
      ['folder', 'wav', true],
    ] as const)
      refuseOtherKind('x', kinds(trained, found, isSound));
    refuseNoSounds('x', [8000], [44_100]);
    refuseNoSounds('x', [], []);
  });

  it('say how files are read, where a refusal speaks of options that the command has not', () => {
    const options = new LockstepError('USAGE', 'Cannot import "x".', 'Say --id a.');
    const told = asRead(options, 'x.csv', { command: ['data', 'import', 'in.csv', 'data/in'] });
    assert.ok(told instanceof LockstepError);
    assert.match(told.advice, /^Say --id a\. Files are read as .* data import in\.csv data\/in\./);
    assert.match(told.advice, /data import x\.csv data\/x …"\) and give it by --data\.$/);
    const content = new LockstepError('DATA_INVALID', 'Cannot read "x", line 1.', 'Correct it.');
    assert.equal(asRead(content, 'x.csv', { command: undefined }), content);
  });
});

describe('lengths that training never saw', () => {
  const trained = { minimum: 40, maximum: 60 };
  const warning = (...lengths: readonly number[]) => {
    const seen = lengths.map((length, i) => ({ id: `s${i}`, length }));
    return describeUnusualLengths(seen, trained);
  };

  it('are warned of beyond a factor of two', () => {
    assert.equal(warning(20, 50, 120), undefined);
    assert.match(
      warning(50, 19) ?? '',
      /^1 of 2 sequences .*\(40…60 timesteps\), such as "s1" \(19\)/,
    );
    assert.match(warning(121) ?? '', /"s0" \(121\)/);
  });
});
