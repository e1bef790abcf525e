import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import { describe, it } from 'node:test';
import { parse } from 'csv-parse/sync';
import fc from 'fast-check';
import { classificationReport } from '../../../../src/workflow/predict/classification-report.ts';
import type { EvaluationResult } from '../../../../src/workflow/predict/evaluate.ts';
import {
  csvLines,
  csvRow,
  jsonLine,
  predictionLines,
} from '../../../../src/workflow/predict/lines.ts';
import { matchClasses } from '../../../../src/workflow/predict/match-classes.ts';
import { describeReport } from '../../../../src/workflow/predict/report-text.ts';

const CLASSES = ['cat', 'dog, big'];
const prediction = {
  task: 'class' as const,
  class: 'dog, big',
  classes: CLASSES,
  probabilities: [0.25, 0.75],
  unfamiliar: [],
};

describe('a prediction as a line', () => {
  it('of CSV: id, most likely class, probabilities, cells quoted where they must be', () => {
    assert.deepEqual(csvLines({ id: 'a"1"', ...prediction }), ['"a""1""","dog, big",0.25,0.75']);
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
    assert.deepEqual(csvLines({ id: 'x', ...thirds }), ['x,b,0.333333,0.666667']);
  });

  it('of several classes: those from one half on, and the probability of each', () => {
    const several = {
      task: 'classes' as const,
      id: 'x',
      predicted: ['a', 'c'],
      classes: ['a', 'b', 'c'],
      probabilities: [0.5, 0.25, 0.75],
      unfamiliar: [],
    };
    assert.deepEqual(csvLines(several), ['x,a;c,0.5,0.25,0.75']);
    assert.deepEqual(JSON.parse(jsonLine(several)), {
      id: 'x',
      classes: ['a', 'c'],
      probabilities: { a: 0.5, b: 0.25, c: 0.75 },
    });
  });

  it('of numbers: one column each, in their own units', () => {
    const numbers = {
      task: 'numbers' as const,
      id: 'x',
      names: ['level', 'rate'],
      numbers: [0.1234567, -1e9],
      unfamiliar: [7],
    };
    assert.deepEqual(csvLines(numbers), ['x,0.1234567,-1000000000']);
    assert.deepEqual(JSON.parse(jsonLine(numbers)), {
      id: 'x',
      numbers: { level: 0.1234567, rate: -1e9 },
      unfamiliar: [7],
    });
  });

  it('of features: a column each', () => {
    const embedding = { task: 'embedding' as const, id: 'x', embedding: [0.5, -2], unfamiliar: [] };
    assert.deepEqual(csvLines(embedding), ['x,0.5,-2']);
    assert.deepEqual(JSON.parse(jsonLine(embedding)), { id: 'x', embedding: [0.5, -2] });
  });

  it('of a class for each timestep: a line of CSV each, one line of JSON', async () => {
    const steps = {
      task: 'timestep-class' as const,
      id: 'x',
      timestepClasses: ['up', 'down'],
      probabilities: [0.75, 1],
      unfamiliar: [],
    };
    const lines = [];
    for await (const line of predictionLines(Readable.from([steps]), 'csv')) lines.push(line);
    assert.deepEqual(lines, ['id,timestep,class,p', 'x,0,up,0.75', 'x,1,down,1']);
    assert.deepEqual(JSON.parse(jsonLine(steps)), {
      id: 'x',
      classes: ['up', 'down'],
      probabilities: [0.75, 1],
    });
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
      interval: { low: 0.01, high: 0.99 },
      groups: 2,
      task: 'class',
      ...classificationReport(predictions, [5, 3]),
    };
    assert.equal(
      describeReport(result),
      [
        '2 sequences of the test split of d',
        'weights: r/phases/b',
        '',
        'accuracy           50.0 %  95 % interval 1.0 % to 99.0 %, over 2 sequences; most frequent class of training 50.0 %',
        'balanced accuracy  50.0 %',
        'macro F1           33.3 %',
        'log-loss           1.0397',
        'calibration error  62.5 %',
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
