import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { describe, it } from 'node:test';
import {
  answerRows,
  answerSentence,
  type QuickstartResult,
} from '../../../../src/workflow/quickstart/answer.ts';
import { chooseRun } from '../../../../src/workflow/quickstart/run-choice.ts';
import { temporaryFolder } from '../../data/sample-store.ts';

const results = (...differences: number[]): QuickstartResult => ({
  baseline: 'n-grams',
  draws: differences.map((points, draw) => ({
    ...{ draw, pretrained: 0.5 + points / 100, scratch: 0.5, baseline: 0.51 },
  })),
});

describe('the answer of the quickstart', () => {
  it('claims a gain or a loss only when the interval is on one side of 0', () => {
    assert.match(answerSentence(results(5, 6, 7)), /^Pretraining helped: \+6\.0 points/);
    assert.match(answerSentence(results(-5, -6, -7)), /^Pretraining hurt: −6\.0 points/);
  });

  it('says when nothing was gained, and when the draws do not settle it', () => {
    assert.match(answerSentence(results(-5, 3, 1)), /^Pretraining gained nothing in this time/);
    assert.match(
      answerSentence(results(-1, 8, 1)),
      /^Pretraining gained on average, but 3 draws do not settle it: \+2\.7 points \(95 % interval −9\.1 to \+14\.4, 3 repeats\)\./,
    );
  });

  it('names the baseline, and advises it unless the network beats it', () => {
    assert.match(
      answerSentence(results(5, 6, 7)),
      / Against n-grams, the best baseline, it comes to \+5\.0 points \([^)]*\)\.$/,
    );
    assert.match(
      answerSentence(results(-5, 3, 1)),
      / it comes to −1\.3 points \([^)]*\): for such short training, take the baseline\.$/,
    );
  });

  it('shows each draw', () => {
    assert.deepEqual(answerRows(results(5))[1], ['0', '55.0 %', '50.0 %', '+5.0 points', '51.0 %']);
  });
});

describe('chooseRun()', () => {
  it('goes on with an unfinished run, and leaves a finished one alone', () => {
    const { path, release } = temporaryFolder();
    try {
      const base = `${path}/quickstart`;
      assert.deepEqual(chooseRun(base), { folder: base, resume: false });
      mkdirSync(`${base}/checkpoints/step-00000100`, { recursive: true });
      assert.deepEqual(chooseRun(base), { folder: base, resume: true });
      mkdirSync(`${base}/phases/scratch-2`, { recursive: true });
      assert.deepEqual(chooseRun(base), { folder: `${base}-2`, resume: false });
    } finally {
      release();
    }
  });
});
