import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { croppedLengths } from '../../../../src/data/plan/lengths.ts';
import type { SequencePrediction } from '../../../../src/workflow/predict/predict-batches.ts';
import {
  averageWindows,
  meanOutput,
  refuseWindow,
  windowBatches,
  windowsOf,
} from '../../../../src/workflow/predict/windows.ts';

const LENGTHS = Int32Array.of(3, 8, 9, 21);
const LIMITS = { tokensPerMicroBatch: 16, maxRows: 64 };

describe('windowBatches()', () => {
  const sequences = Int32Array.of(0, 1, 2, 3);
  const effectiveLengths = croppedLengths(sequences, LENGTHS);
  const batches = windowBatches({ sequences, effectiveLengths, storeLengths: LENGTHS }, 8, LIMITS);
  const rows = Array.from({ length: batches.length }, (_, n) => batches.at(n).rows).flat();
  const of = (sequence: number) =>
    rows.filter((row) => row.sequence === sequence).map(({ start, count }) => [start, count]);

  it('covers each sequence from its beginning to its end, evenly', () => {
    assert.deepEqual([0, 1, 2, 3].map(of), [
      [[0, 3]],
      [[0, 8]],
      [
        [0, 8],
        [1, 8],
      ],
      [
        [0, 8],
        [7, 8],
        [13, 8],
      ],
    ]);
    for (const [sequence, length] of LENGTHS.entries()) {
      assert.equal(of(sequence).length, windowsOf(length, 8));
    }
  });

  it('keeps within the budget of a micro-batch', () => {
    for (let n = 0; n < batches.length; n++) {
      const { rows, paddedLength } = batches.at(n);
      assert.ok(rows.length * paddedLength <= 16);
    }
  });
});

describe('averageWindows()', () => {
  const said = (sequence: number, p: number, unfamiliar: number[] = []): SequencePrediction => ({
    sequence,
    output: { task: 'class', logProbabilities: [Math.log(p), Math.log(1 - p)] },
    unfamiliar,
  });

  it('waits for all windows of a sequence, and gives their mean probability', async () => {
    async function* source() {
      yield [said(3, 0.9, [7]), said(3, 0.2, [7, 9])];
      yield [said(3, 0.1), said(2, 0.5)];
      yield [said(2, 0.7)];
    }
    const joined: SequencePrediction[] = [];
    for await (const batch of averageWindows(source(), (n) => windowsOf(LENGTHS[n]!, 8))) {
      joined.push(...batch);
    }
    assert.deepEqual(
      joined.map(({ sequence }) => sequence),
      [3, 2],
    );
    assert.deepEqual(joined[0]!.unfamiliar, [7, 9]);
    const means = joined.map(({ output }) =>
      output.task === 'class' ? Math.exp(output.logProbabilities[0]!) : Number.NaN,
    );
    assert.ok(Math.abs(means[0]! - 0.4) < 1e-12 && Math.abs(means[1]! - 0.6) < 1e-12);
  });
});

describe('meanOutput()', () => {
  it('stays finite where probabilities are 0 in floating point', () => {
    const output = { task: 'class', logProbabilities: [0, -2000] } as const;
    assert.deepEqual(meanOutput([output, output]), output);
  });

  it('averages numbers, features and probabilities of classes', () => {
    const numbers = [1, 3].map((number) => ({ task: 'numbers', numbers: [number] }) as const);
    assert.deepEqual(meanOutput(numbers), { task: 'numbers', numbers: [2] });
    const classes = [0, 1].map((p) => ({ task: 'classes', probabilities: [p, 1] }) as const);
    assert.deepEqual(meanOutput(classes), { task: 'classes', probabilities: [0.5, 1] });
  });
});

describe('refuseWindow()', () => {
  it('takes whole numbers, without a crop, for what a whole sequence has', () => {
    const refused = { code: 'USAGE' };
    const about = (window: number, crop?: number, task: 'class' | 'timestep-class' = 'class') =>
      refuseWindow(window, { crop, task });
    about(8);
    assert.throws(() => about(0), refused);
    assert.throws(() => about(1.5), refused);
    assert.throws(() => about(8, 4), refused);
    assert.throws(() => about(8, undefined, 'timestep-class'), refused);
  });
});
