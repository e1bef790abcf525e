import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { classificationReport } from '../../../../src/workflow/predict/classification-report.ts';
import type { EvaluationResult } from '../../../../src/workflow/predict/evaluate.ts';
import { csvLine, csvRow, jsonLine } from '../../../../src/workflow/predict/lines.ts';
import { matchClasses } from '../../../../src/workflow/predict/match-classes.ts';
import { describeReport } from '../../../../src/workflow/predict/report-text.ts';

const CLASSES = ['cat', 'dog, big'];
const prediction = {
  class: 'dog, big',
  classes: CLASSES,
  probabilities: [0.25, 0.75],
  unfamiliar: [],
};

describe('a prediction as a line', () => {
  it('of CSV: id, most likely class, probabilities, cells quoted where they must be', () => {
    assert.equal(csvLine({ id: 'a"1"', ...prediction }), '"a""1""","dog, big",0.25,0.75');
  });

  it('of JSON: probabilities by class', () => {
    assert.deepEqual(JSON.parse(jsonLine({ id: 'a\n1', ...prediction })), {
      id: 'a\n1',
      class: 'dog, big',
      probabilities: { cat: 0.25, 'dog, big': 0.75 },
    });
    assert.ok(!jsonLine({ id: 'a\n1', ...prediction }).includes('\n'));
  });

  it('has probabilities to six digits', () => {
    const thirds = { ...prediction, class: 'b', probabilities: [1 / 3, 2 / 3] };
    assert.equal(csvLine({ id: 'x', ...thirds }), 'x,b,0.333333,0.666667');
  });

  it('of CSV comes back as it was, whatever is in it', () => {
    const cells = fc.array(fc.string({ unit: fc.constantFrom(...'a,"\r\n ;é') }), { minLength: 2 });
    fc.assert(
      fc.property(cells, (row) => {
        assert.deepEqual(parse(`${csvRow(row)}\n`, { relax_column_count: true }), [row]);
      }),
      { seed: 2 },
    );
  });
});

describe('matchClasses()', () => {
  it("finds the model's label of each class of the data by name", () => {
    assert.deepEqual(matchClasses(['a', 'b', 'c'], ['c', 'a']), [2, 0]);
    assert.deepEqual(matchClasses(['a'], []), []);
  });

  it('refuses a class that the model does not know', () => {
    assert.throws(() => matchClasses(['a', 'b'], ['a', 'd']), {
      code: 'DATA_INVALID',
      message: 'The dataset has a class "d" that the model was not trained on (it knows a, b).',
    });
  });
});

describe('describeReport()', () => {
  it('shows the figures, the confusion by name and the accuracy by length', () => {
    const predictions = [
      { label: 0, logProbabilities: [0.5, 0.5].map(Math.log), length: 10 },
      { label: 1, logProbabilities: [0.75, 0.25].map(Math.log), length: 30 },
    ];
    const result: EvaluationResult = {
      run: 'r',
      weights: 'r/phases/b',
      dataset: 'd',
      split: 'test',
      classes: ['even', 'odd'],
      unfamiliarSequences: 0,
      ...classificationReport(predictions, 2),
    };
    assert.equal(
      describeReport(result),
      [
        '2 sequences of the test split of d',
        'weights: r/phases/b',
        '',
        'accuracy           50.0 %',
        'balanced accuracy  50.0 %',
        'macro F1           33.3 %',
        'log-loss           1.0397',
        '',
        'true class, by rows, and predicted:',
        '      even  odd',
        'even     1    0',
        'odd      1    0',
        '',
        'by length:',
        'timesteps  sequences  accuracy',
        '10…10              1   100.0 %',
        '30…30              1     0.0 %',
      ].join('\n'),
    );
  });
});
